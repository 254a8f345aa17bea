"""Settings: from a file and the environment, all mistakes at once and no value shown."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import TypeAdapter

from transom_runtime.settings import Settings, SettingsError, load_settings, worker_environment


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No settings but a test's own."""
    for name in [name for name in os.environ if name.startswith("TRANSOM_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def written(content: Any) -> Path:
    file = Path("transom.yaml")
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), "utf-8")
    return file


def mistakes(file: Path | None = None, **arguments: Any) -> list[str]:
    with pytest.raises(SettingsError) as raised:
        load_settings(file, **arguments)
    return str(raised.value).splitlines()


def test_the_defaults_are_good() -> None:
    """A gateway without any setting has them all."""
    assert load_settings() == Settings()


def test_a_bare_off() -> None:
    """What can be off is off where YAML makes a false of the word; nothing else takes one."""
    settings = load_settings(written("transcode: {native: off}\nsanitize: {mode: off, rule_modes: {control-nul: off}}"))
    assert settings.transcode.native.value == settings.sanitize.mode.value == "off"
    assert [mode.value for mode in settings.sanitize.rule_modes.values()] == ["off"]
    assert "transcode.native" in mistakes(written("transcode: {native: on}"))[0]


def test_all_mistakes_are_listed_at_once_and_no_value() -> None:
    """Every mistake of file and environment has a line that names its setting; what was given stands in none."""
    file = written(
        {
            "listen": {"port": "s3cret-port", "colour": "s3cret-colour"},
            "redis": {"url": "redis://:s3cret-password@[host"},
            "auth": {
                "issuers": [{"name": "i", "issuer": "i", "audiences": [], "algorithms": ["HS256"], "secret": "s3cret"}]
            },
            "process": {"workers": 0},
            "max_body_bytes": 0,
            "name": 's3cret"quote',
            "overrides": [{"selector": "a", "timeout_s": -1}],
            "unknown": "s3cret",
        }
    )
    said = mistakes(file)
    for where in (
        "listen.port", "listen.colour", "redis", "auth.issuers.0", "process", "max_body_bytes", "name", "overrides.0",
        "unknown",
    ):  # fmt: skip
        assert any(line.startswith(f"{where}: ") for line in said), (where, said)
    assert "s3cret" not in "\n".join(said)


def test_networks_and_origins_are_checked_with_the_rest() -> None:
    """Trusted proxies that are no networks and origins that no browser sends are mistakes like any other."""
    said = mistakes(written({"trusted_proxies": ["10.0.0.0/8", "nonsense"], "cors": {"origins": ["https://a.b/"]}}))
    assert len(said) == 2
    assert said[0].startswith("trusted_proxies: 'nonsense'")
    assert said[1].startswith("cors: ")


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """Arguments win over the environment, that over the file, that over defaults; each setting for itself."""
    file = written({"listen": {"port": 1000, "host": "file"}, "name": "file"})
    monkeypatch.setenv("TRANSOM_LISTEN__PORT", "2000")
    monkeypatch.setenv("TRANSOM_PROCESS__WORKERS", "3")
    loaded = load_settings(file, process__workers=4, listen__port=None)
    assert (loaded.listen.port, loaded.listen.host, loaded.name, loaded.process.workers) == (2000, "file", "file", 4)
    assert loaded.listen.backlog == Settings().listen.backlog


def test_the_file_may_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """TRANSOM_CONFIG names the file where the command line does not; workers are told by it."""
    file = written({"name": "named"})
    monkeypatch.setenv("TRANSOM_CONFIG", str(file))
    assert load_settings().name == "named"
    assert worker_environment(file)["TRANSOM_CONFIG"] == str(file.resolve())
    assert "TRANSOM_CONFIG" in worker_environment(None)


def test_lists_and_mappings_in_the_environment_are_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value that begins as JSON does is JSON; bad JSON is a mistake beside the others, without the value."""
    monkeypatch.setenv("TRANSOM_ROUTES", '["a", "b"]')
    monkeypatch.setenv("TRANSOM_UPSTREAMS", json.dumps({"engine": {"channel": {"target": "dns:///engine:1"}}}))
    monkeypatch.setenv("TRANSOM_UPSTREAMS__ENGINE__SERVICES", '["x.*"]')
    loaded = load_settings()
    assert loaded.routes == ("a", "b")
    assert loaded.upstreams["engine"].services == ("x.*",)
    assert loaded.upstreams["engine"].channel.target == "dns:///engine:1"
    monkeypatch.setenv("TRANSOM_ROUTES", '["s3cret"')
    monkeypatch.setenv("TRANSOM_COLOUR", "s3cret")
    said = mistakes()
    assert [line.partition(":")[0] for line in said] == ["TRANSOM_ROUTES", "colour"]
    assert "s3cret" not in "\n".join(said)


def test_a_name_that_is_no_setting_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A misspelt variable is told: silence would leave its default in force."""
    monkeypatch.setenv("TRANSOM_LISTEN__PROT", "9000")
    assert mistakes() == ["listen.prot: there is no such setting"]


@pytest.mark.parametrize(
    "name", ["TRANSOM_PORT", "TRANSOM_SERVICE_HOST", "TRANSOM_SERVICE_PORT_HTTP", "TRANSOM_PORT_8080_TCP_ADDR"]
)
def test_links_of_a_service_named_transom_are_nobodys_settings(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Kubernetes tells pods of a Service by variables that look like settings; they are passed over."""
    monkeypatch.setenv(name, "tcp://10.0.0.1:8080")
    assert load_settings() == Settings()


def test_a_part_of_a_setting_that_is_set_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting cannot be a text and have parts; that is a mistake and no traceback."""
    monkeypatch.setenv("TRANSOM_LISTEN", "x")
    monkeypatch.setenv("TRANSOM_LISTEN__PORT", "1")
    assert any(line.startswith("listen.port: ") for line in mistakes())


@pytest.mark.parametrize(
    "content, words",
    [
        ("a: [s3cret\nb: }", "is not YAML: line 2"),
        ("a: \x00s3cret", "is not YAML"),
        ("- s3cret", "is no mapping"),
        ("s3cret", "is no mapping"),
    ],
)
def test_a_file_that_is_no_settings(content: str, words: str) -> None:
    """A file that cannot be read as settings is told by its place, never by its text."""
    (said,) = mistakes(written(content))
    assert words in said
    assert "s3cret" not in said


def test_a_file_that_is_not_there() -> None:
    """A missing file, a folder and bytes that are no UTF-8 are each a sentence."""
    assert "no such file" in mistakes(Path("missing.yaml"))[0]
    assert "cannot be read" in mistakes(Path())[0]
    Path("latin.yaml").write_bytes(b"name: \xff")
    assert "is not UTF-8" in mistakes(Path("latin.yaml"))[0]


def test_an_empty_file_sets_nothing() -> None:
    """An empty file is no mistake."""
    assert load_settings(written("")) == Settings()


def test_relative_paths_are_the_processs_own() -> None:
    """A relative path is taken as it is written: from where the process runs, not from where the file lies."""
    Path("conf").mkdir()
    file = Path("conf/transom.yaml")
    file.write_text("generated: out\n", "utf-8")
    assert load_settings(file).generated == Path("out")


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_every_setting_can_be_read_from_plain_data(name: str) -> None:
    """Each setting's type resolves, options in options included, and an unknown part of it is refused by name."""
    kind = Settings.model_fields[name].annotation
    assert kind is not None
    TypeAdapter[Any](kind).json_schema()
    if dataclasses.is_dataclass(kind):
        assert load_settings(written({name: {}})) == Settings()
        assert mistakes(written({name: {"no_such": 1}})) == [f"{name}.no_such: there is no such setting"]


def test_settings_are_immutable() -> None:
    """What was checked stays as it was."""
    loaded = load_settings()
    with pytest.raises(ValueError, match="frozen"):
        setattr(loaded, "na" + "me", "other")
    assert loaded.name == "transom"
