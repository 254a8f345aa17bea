"""What hostile input weighs: the gateway's memory and time, measured from outside while it is attacked."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.raw import Raw, connected, request
from e2e.stack import Gateway, gateway, program, settings
from e2e.test_uploads import FILES, MIB, peak_bytes, uploads

WORKFLOWS = "/api/v1/workflows"
CHUNKED, GZIP = b"Transfer-Encoding: chunked", b"Content-Encoding: gzip"
FORM = b"Content-Type: multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="content"; filename="f"\r\n\r\n'
FIELD = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'
LAST = b"0\r\n\r\n"


def chunks(data: bytes, times: int) -> Iterator[bytes]:
    for _ in range(times):
        yield b"%x\r\n%b\r\n" % (len(data), data)


def tiny(data: bytes, times: int = 1) -> Iterator[bytes]:
    """Chunks of one byte each."""
    block = b"".join(b"1\r\n%c\r\n" % byte for byte in data)
    for _ in range(times):
        yield block


def million(byte: bytes) -> Iterator[bytes]:
    yield from tiny(byte * 1000, 1000)
    yield LAST


def million_of_a_form() -> Iterator[bytes]:
    yield from tiny(PART)
    yield from tiny(b"x" * 1000, 1000)
    yield from tiny(b"\r\n--b--\r\n")
    yield LAST


def million_of_lines() -> Iterator[bytes]:
    yield from tiny(b'{"text": "x"}\n' + b" " * 986, 1000)
    yield LAST


def bomb(mebibytes: int) -> Iterator[bytes]:
    """Gzip of zeros, sent as it is made."""
    compress = zlib.compressobj(9, wbits=31)
    for _ in range(mebibytes):
        if data := compress.compress(bytes(MIB)):
            yield from chunks(data, 1)
    yield from chunks(compress.flush(), 1)
    yield LAST


def members() -> Iterator[bytes]:
    """Three hundred thousand members of gzip with nothing in them."""
    yield from chunks(gzip.compress(b"") * 3000, 100)
    yield LAST


def json_of(item: bytes) -> tuple[bytes, Iterator[bytes]]:
    """Four million bytes, mostly of one thing, as a value of a list."""
    body = b'{"nodes": [' + item * (4_000_000 // len(item))
    return request(WORKFLOWS, body=body), iter(())


ATTACKS: dict[str, tuple[int, tuple[bytes, Iterator[bytes]]]] = {
    "tiny chunks of a file": (201, (request(f"{FILES}?filename=f", CHUNKED), million(b"x"))),
    "tiny chunks of JSON": (400, (request(WORKFLOWS, CHUNKED), million(b" "))),
    "tiny chunks of a form": (201, (request(FILES, FORM, CHUNKED), million_of_a_form())),
    "a bomb as a file": (413, (request(f"{FILES}?filename=f", GZIP, CHUNKED), bomb(1024))),
    "a bomb as JSON": (413, (request(WORKFLOWS, GZIP, CHUNKED), bomb(1024))),
    "a bomb as a form": (400, (request(FILES, FORM, GZIP, CHUNKED), bomb(1024))),
    "empty members": (201, (request(f"{FILES}?filename=f", GZIP, CHUNKED), members())),
    "a form's fields": (400, (request(FILES, FORM, CHUNKED), chunks(FIELD * 100, 1000))),
    "a form's beginning": (413, (request(FILES, FORM, CHUNKED), chunks(b"\r\n" * 30_000, 1000))),
    "half boundaries": (413, (request(FILES, FORM, CHUNKED), chunks(PART + b"\r\n--" * 15_000, 2000))),
    "digits": (400, json_of(b"9")),
    "brackets": (400, json_of(b"[")),
    "escapes": (400, json_of(b'"\\u0041",')),
    "numbers": (400, json_of(b"0,")),
    "texts": (400, json_of(b'"' + b"x" * 1000 + b'",')),
}
"""Each with the status of its answer."""


@pytest.fixture(scope="module")
def attacked(folder: Path, engine: str, redis_url: str) -> Iterator[Gateway]:
    """A gateway with the caps that it has by default."""
    tiers = {name: {"requests": 100_000} for name in ("public", "standard", "expensive")}
    with gateway(folder / "attacked", settings(engine, redis_url, rate_limit={"tiers": tiers})) as running:
        with connected(running.port) as raw:
            raw.send(request(f"{FILES}?filename=warm", body=b"x"))
            assert raw.answer().status == 201
        yield running


def processor_s(pid: int) -> float:
    """The processor time that a process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", ATTACKS)
def test_attacks_weigh_little(attacked: Gateway, folder: Path, name: str) -> None:
    """R3, S6, J6: a million tiny chunks, a bomb of a gibibyte, or megabytes of what is dear to parse: the answer is the
    documented one, the gateway grows by less than 64 MiB and works for less than 10 s, and the engine keeps nothing.
    """
    status, (head, pieces) = ATTACKS[name]
    before, worked = peak_bytes(attacked.process.pid), processor_s(attacked.process.pid)
    with connected(attacked.port) as raw:
        raw.send(head)
        raw.stream(pieces)
        assert raw.answer().status == status
    assert peak_bytes(attacked.process.pid) - before < 64 * MIB
    assert processor_s(attacked.process.pid) - worked < 10
    assert not uploads(folder)
    assert "Traceback" not in attacked.log.read_text()


@pytest.fixture(scope="module")
def lines(folder: Path) -> Iterator[Gateway]:
    """A gateway to a service that takes streams of JSON messages."""
    protos, out = Path(__file__).parents[1] / "serving" / "protos", folder / "chat"
    arguments = ["-m", "transom_runtime", "generate", "--protos", str(protos), "--out", str(out)]
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    mocked = ("-m", "transom_runtime", "mock", "--port", "0", "--generated", str(out))
    with program(*mocked, log=folder / "chat.log") as (_, address):
        made = settings(address, generated=str(out), routes=["chat.v1.chat_gateway"])
        made["upstreams"]["engine"]["services"] = ["chat.v1.*"]
        with gateway(folder / "lines", made) as running:
            yield running


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_s7_tiny_chunks_of_lines_weigh_little(lines: Gateway) -> None:
    """S7, S6: a client stream in a million chunks of a byte is a thousand messages, in little memory and time."""
    head = request("/v1/rooms/blue/notes", CHUNKED, b"Content-Type: application/x-ndjson")
    for _ in range(2):
        before, worked = peak_bytes(lines.process.pid), processor_s(lines.process.pid)
        raw = Raw(lines.port)
        raw.send(head)
        raw.stream(million_of_lines())
        assert raw.answer().status == 200
        raw.socket.close()
    assert peak_bytes(lines.process.pid) - before < 16 * MIB
    assert processor_s(lines.process.pid) - worked < 10
