"""Telling an upstream where to begin, in fields that no client fills."""

from __future__ import annotations

import pytest
from google.api import distribution_pb2
from google.protobuf import descriptor_pb2

from transcode.conftest import bind
from transom_runtime.binding import Download, Policy
from transom_runtime.transcode.seek import Seek, build_seek
from workflow.v1 import files_pb2

PLACES = Policy(download=Download(offset_field="read_offset", length_field="read_limit"))
ASKED = files_pb2.DownloadFileRequest(file_id="fi-1")


def seek(**more: str | None) -> Seek:
    found = build_seek(bind(files_pb2.DownloadFileRequest, **{"policy": PLACES, **more}))
    assert found is not None
    return found


@pytest.mark.parametrize(("offset", "length"), [(5, 0), (0, 5), (2**63 - 1, 2**63 - 1)])
def test_fill(offset: int, length: int) -> None:
    """B9: the place joins what the request says already, whatever stood in its fields."""
    wire = files_pb2.DownloadFileRequest(file_id="fi-1", read_offset=1).SerializeToString()
    filled = files_pb2.DownloadFileRequest.FromString(seek().fill(seek(body="*").clear(wire), offset, length))
    assert filled == files_pb2.DownloadFileRequest(file_id="fi-1", read_offset=offset, read_limit=length)


def test_clear() -> None:
    """B9: what a body says of the place goes; a request without a body says nothing, and is left alone."""
    wire = files_pb2.DownloadFileRequest(file_id="fi-1", read_offset=1, read_limit=2).SerializeToString()
    assert files_pb2.DownloadFileRequest.FromString(seek(body="*").clear(wire)) == ASKED
    assert seek().clear(wire) is wire


def test_no_place() -> None:
    """A policy that names no offset tells none; one that names no length takes none."""
    assert build_seek(bind(files_pb2.DownloadFileRequest)) is None
    only = build_seek(bind(files_pb2.DownloadFileRequest, policy=Policy(download=Download(offset_field="read_offset"))))
    assert only is not None
    assert (seek().takes_length, only.takes_length) == (True, False)
    assert files_pb2.DownloadFileRequest.FromString(only.fill(b"", 3, 4)).read_limit == 0


@pytest.mark.parametrize("download", [Download(offset_field="file_id"), Download(offset_field="nothing")])
def test_unfit_fields(download: Download) -> None:
    """A field that cannot hold an offset is a mistake at start."""
    with pytest.raises(ValueError, match="no integer of 64 bits"):
        build_seek(bind(files_pb2.DownloadFileRequest, policy=Policy(download=download)))


def test_narrow_and_repeated_fields() -> None:
    """So is one that holds 32 bits, or many of them."""
    for request, name in (
        (descriptor_pb2.FieldDescriptorProto, "number"),
        (distribution_pb2.Distribution, "bucket_counts"),
    ):
        with pytest.raises(ValueError, match="no integer of 64 bits"):
            build_seek(bind(request, policy=Policy(download=Download(offset_field=name))))
