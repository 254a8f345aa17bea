from __future__ import annotations

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FieldDescriptor

from transom.v1 import policy_pb2
from transom_runtime.extension import TextRefused
from transom_runtime.policy.sanitize.catalogue import RULES
from transom_runtime.policy.sanitize.options import SanitizeOptions
from transom_runtime.policy.sanitize.rule import Kind, Mode
from transom_runtime.policy.sanitize.sanitizer import Sanitizer, kind_of

Sanitize = policy_pb2.FieldPolicy


def field_of(
    sanitize: policy_pb2.FieldPolicy.Sanitize.ValueType | None = None,
    kind: int = FieldDescriptor.TYPE_STRING,
    pool: descriptor_pool.DescriptorPool | None = None,
) -> FieldDescriptor:
    """A field with this option, in a pool of its own."""
    file = descriptor_pb2.FileDescriptorProto(name="test.proto", package="test", syntax="proto3")
    field = file.message_type.add(name="Message").field.add(name="text", number=1, label=1)
    field.type = descriptor_pb2.FieldDescriptorProto.Type.ValueType(kind)
    if sanitize is not None:
        field.options.Extensions[policy_pb2.field].sanitize = sanitize
    pool = pool or descriptor_pool.DescriptorPool()
    pool.Add(file)
    return pool.FindMessageTypeByName("test.Message").fields_by_name["text"]


@pytest.mark.parametrize(
    ("sanitize", "kind"),
    [
        (None, Kind.PLAIN),
        (Sanitize.SANITIZE_UNSPECIFIED, Kind.PLAIN),
        (Sanitize.SANITIZE_PLAIN, Kind.PLAIN),
        (Sanitize.SANITIZE_HTML, Kind.HTML),
        (Sanitize.SANITIZE_CODE, Kind.CODE),
        (Sanitize.SANITIZE_IDENTIFIER, Kind.IDENTIFIER),
        (Sanitize.SANITIZE_PATH, Kind.PATH),
        (Sanitize.SANITIZE_OFF, None),
    ],
)
def test_the_proto_names_the_kind(
    sanitize: policy_pb2.FieldPolicy.Sanitize.ValueType | None, kind: Kind | None
) -> None:
    """A field says what it holds; one that does not holds prose."""
    field = field_of(sanitize)
    assert kind_of(field) is kind
    assert (Sanitizer()(field) is None) == (kind is None)


def test_a_generated_field_is_read() -> None:
    """Options survive generation."""
    from workflow.v1 import files_pb2

    kinds = {
        field.full_name: kind_of(field)
        for message in files_pb2.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    }
    assert Kind.PATH in kinds.values()
    assert Kind.IDENTIFIER in kinds.values()


def test_only_texts_are_checked() -> None:
    """Bytes and numbers have no check."""
    assert Sanitizer()(field_of(kind=FieldDescriptor.TYPE_BYTES)) is None
    assert Sanitizer()(field_of(kind=FieldDescriptor.TYPE_INT32)) is None


def test_off_means_off() -> None:
    """A sanitizer that is off checks no field."""
    assert Sanitizer(SanitizeOptions(mode=Mode.OFF))(field_of()) is None


def test_all_checks_share_one_count() -> None:
    """Statistics tell of all fields of this process."""
    sanitizer = Sanitizer(clock=lambda: 7.0)
    path, prose = sanitizer(field_of(Sanitize.SANITIZE_PATH)), sanitizer(field_of())
    assert path is not None
    assert prose is not None
    prose("fine")
    prose("<script>")
    with pytest.raises(TextRefused):
        path("../x")
    statistics = sanitizer.statistics()
    assert (statistics.checked, statistics.found, statistics.blocked, statistics.cleaned) == (3, 2, 1, 0)
    assert statistics.by_rule == {"script-tag": 1, "path-parent": 1}
    assert statistics.by_field == {"test.Message.text": 2}
    assert (statistics.since, statistics.mode) == (7.0, Mode.BLOCK)


def test_rules_are_listed_as_they_apply() -> None:
    """The list is sorted by id and shows what a finding leads to here."""
    listed = Sanitizer(SanitizeOptions(rule_modes={"script-tag": Mode.BLOCK})).rules()
    modes = {rule.id: rule.mode for rule in listed}
    assert [rule.id for rule in listed] == sorted(rule.id for rule in RULES)
    assert (modes["script-tag"], modes["sql-union"], modes["control-nul"]) == (Mode.BLOCK, Mode.REPORT, Mode.BLOCK)
    assert {rule.mode for rule in Sanitizer(SanitizeOptions(mode=Mode.REPORT)).rules()} == {Mode.REPORT}
    assert {rule.mode for rule in Sanitizer(SanitizeOptions(mode=Mode.OFF)).rules()} == {Mode.OFF}


def test_an_unknown_rule_is_refused() -> None:
    """A misspelt rule in the settings is no silent hole."""
    with pytest.raises(ValueError, match="there is no rule 'script-tags'"):
        SanitizeOptions(rule_modes={"script-tags": Mode.BLOCK})
    with pytest.raises(ValueError, match="max_scan_chars"):
        SanitizeOptions(max_scan_chars=10)
