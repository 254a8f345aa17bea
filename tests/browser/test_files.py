"""Files as a page sends and gets them: with `fetch`, with a plain form, as a download, in parts, out of the cache."""

from __future__ import annotations

import hashlib
import io
import json
import struct
import wave
import zlib
from pathlib import Path

import pytest

from browser.chromium import Browser, eventually
from browser.pages import Site
from browser.product import calls, visit
from e2e.stack import Gateway, token

NAME = "Q3 € résumé.csv"
CONTENT = bytes(range(256)) * 4000
SECONDS = 240
"""Of the recording that is played: 42 MB."""
# Sends bytes that the page makes by itself, so that nobody has to spell them; the answer's body.
MADE = """
    const bytes = new Uint8Array(args[0]).map((_, at) => at % 256);
"""
SHA256 = """
    const sha256 = async (bytes) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))]
        .map((byte) => byte.toString(16).padStart(2, "0")).join("");
"""


def upload(gateway: Gateway, name: str, content: bytes, content_type: str) -> str:
    """Upload a file without a browser; its id."""
    path = f"/api/v1/files?filename={name}"
    made = gateway.connect().send("POST", path, content, token=token(), headers={"Content-Type": content_type})
    assert made.status == 201, made.body
    return str(made.json()["id"])


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_a_file_in_a_form(browser: Browser, site: Site, served: Gateway) -> None:
    """B9: FormData with a File becomes a file of the same bytes, type and name, whatever alphabet that is in."""
    visit(browser, site, served.address)
    script = "return await (await uploadForm(new File([bytes], args[1], { type: 'text/csv' }))).json();"
    file = browser.run(MADE + script, len(CONTENT), NAME)
    assert (file["filename"], file["contentType"], file["sha256"]) == (NAME, "text/csv", digest(CONTENT))


def test_a_blob(browser: Browser, site: Site, served: Gateway) -> None:
    """B9, H3: a Blob as the whole body becomes a file under the type of the Blob; the page reads where it is."""
    visit(browser, site, served.address)
    script = """
        const answer = await uploadBlob(new Blob([bytes], { type: "image/x-made-up" }), "a/b.bin");
        return [answer.status, answer.headers.get("Location"), answer.headers.get("ETag"), await answer.json()];
    """
    status, location, etag, file = browser.run(MADE + script, len(CONTENT))
    assert (status, location, etag) == (201, f"/api/v1/files/{file['id']}", f'"{file["etag"]}"')
    assert (file["filename"], file["contentType"], file["sha256"]) == ("a/b.bin", "image/x-made-up", digest(CONTENT))


def test_a_plain_form(browser: Browser, site: Site, opened: Gateway, tmp_path: Path) -> None:
    """B9: a form of HTML, with no JavaScript at work, uploads the file that a person chose, to a public route."""
    chosen = tmp_path / "ünïcode name.txt"
    chosen.write_bytes(CONTENT)
    visit(browser, site, opened.address)
    form = """
        document.body.innerHTML = `<form method="post" enctype="multipart/form-data" action="${api}/files">
            <input name="filename" value="chosen.txt"><input name="content" type="file"><button>Send</button></form>`;
    """
    browser.run(form)
    browser.type_into("input[type=file]", str(chosen))
    browser.click("button")
    browser.until("location.pathname === '/api/v1/files' && document.readyState === 'complete'")
    file = json.loads(browser.run("return document.body.innerText"))
    assert (file["filename"], file["contentType"], file["sha256"]) == ("chosen.txt", "text/plain", digest(CONTENT))


def test_an_upload_that_is_stopped(browser: Browser, site: Site, served: Gateway, folder: Path) -> None:
    """S5, B9: an upload that the page aborts is no file, and nothing of it stays in the engine."""
    visit(browser, site, served.address)
    script = """
        const stop = new AbortController();
        const body = new Blob([new Uint8Array(50_000_000)]);
        const sent = call("files?filename=stopped.bin", { method: "POST", body, signal: stop.signal });
        window.outcome = sent.then(() => "sent", (error) => error.name);
        window.stop = () => stop.abort();
    """
    browser.run(script)
    uploads = folder / "engine" / "uploads"
    eventually(lambda: any(uploads.iterdir()), "the upload has begun")
    browser.run("stop()")
    assert browser.run("return await outcome") == "AbortError"
    eventually(lambda: not any(uploads.iterdir()), "nothing is left of it")
    listed = served.connect().send("GET", "/api/v1/files?filter=filename%3D%22stopped.bin%22", token=token())
    assert listed.json() == {}


def test_a_download(browser: Browser, site: Site, served: Gateway) -> None:
    """B9: a page gets a file byte for byte, and reads its type, its name, its version, and that it comes in parts."""
    file = upload(served, "reports/Q3%20%E2%82%AC.csv", CONTENT, "text/csv")
    visit(browser, site, served.address)
    script = """
        const answer = await call(`files/${args[0]}/content`);
        return [await sha256(await answer.clone().arrayBuffer()), Object.fromEntries(answer.headers),
                (await download(args[0])).type];
    """
    sha256, headers, kind = browser.run(SHA256 + script, file)
    assert (sha256, kind) == (digest(CONTENT), "text/csv")
    assert headers["content-length"] == str(len(CONTENT))
    assert "filename*=UTF-8''Q3%20%E2%82%AC.csv" in headers["content-disposition"]
    assert {"etag", "accept-ranges", "x-request-id"} <= set(headers)


def test_a_part(browser: Browser, site: Site, served: Gateway) -> None:
    """B9: a page asks for a part, gets just that, and reads which one it is; behind the end it is told the size."""
    file = upload(served, "part.bin", CONTENT, "application/octet-stream")
    visit(browser, site, served.address)
    script = """
        // Chromium's cache would answer a part behind the end by itself, as "bytes 0-0".
        const options = { headers: { Range: args[1], Authorization: `Bearer ${token}` }, cache: "no-store" };
        const answer = await fetch(`${api}/files/${args[0]}/content`, options);
        const bytes = new Uint8Array(await answer.arrayBuffer());
        return [answer.status, answer.headers.get("Content-Range"), [...bytes.slice(0, 4)], bytes.length];
    """
    size = len(CONTENT)
    assert browser.run(script, file, "bytes=1001-1004") == [206, f"bytes 1001-1004/{size}", list(CONTENT[1001:1005]), 4]
    assert browser.run(script, file, f"bytes={size}-")[:2] == [416, f"bytes */{size}"]


def test_the_cache_asks_again(browser: Browser, site: Site, served: Gateway) -> None:
    """H3: a browser that has a file keeps it, asks whether it is still the same, and is answered with 304."""
    file = upload(served, "kept.bin", CONTENT, "application/octet-stream")
    visit(browser, site, served.address)
    script = """
        const answer = await call(`files/${args[0]}/content`);
        return [answer.status, await sha256(await answer.arrayBuffer())];
    """
    before = len(calls(served.log, "DownloadFile"))
    for _ in range(2):
        assert browser.run(SHA256 + script, file) == [200, digest(CONTENT)]
    eventually(lambda: len(calls(served.log, "DownloadFile")) == before + 2, "both calls are logged")
    assert [call["http_status"] for call in calls(served.log, "DownloadFile")[before:]] == [200, 304]


def test_saving(browser: Browser, site: Site, served: Gateway) -> None:
    """B9: an address with a ticket is saved by the browser itself, under the file's own name; the page stays."""
    file = upload(served, "reports/Q3%20%E2%82%AC%20r%C3%A9sum%C3%A9.csv", CONTENT, "text/csv")
    visit(browser, site, served.address)
    browser.run("await save(args[0])", file)
    assert digest(browser.downloaded(NAME).read_bytes()) == digest(CONTENT)
    assert browser.run("return document.title") == "a page of another origin"


def test_an_uploaded_page_is_saved_and_not_shown(browser: Browser, site: Site, served: Gateway) -> None:
    """A file of HTML that somebody uploaded does not become a page of the gateway's origin: no script of it runs."""
    page = b"<!doctype html><title>mine</title><script>document.title = 'taken over'</script>"
    file = upload(served, "taken.html", page, "text/html")
    visit(browser, site, served.address)
    browser.run("await save(args[0])", file)
    assert browser.downloaded("taken.html").read_bytes() == page
    assert browser.run("return document.title") == "a page of another origin"


def png(width: int, height: int) -> bytes:
    """A black picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(bytes((width + 1) * height))) + chunk(b"IEND", b"")
    )


def test_a_picture(browser: Browser, site: Site, served: Gateway) -> None:
    """B9: a file can be the source of an image, by a ticket."""
    file = upload(served, "black.png", png(7, 5), "image/png")
    visit(browser, site, served.address)
    script = """
        const picture = new Image();
        picture.src = `${api}/files/${args[0]}/content?access_token=${await ticket()}`;
        await picture.decode();
        return [picture.naturalWidth, picture.naturalHeight];
    """
    assert browser.run(script, file) == [7, 5]


def sound(seconds: int) -> bytes:
    """Silence of CD quality: 176,400 bytes a second."""
    target = io.BytesIO()
    with wave.open(target, "wb") as written:
        written.setparams((2, 2, 44_100, 0, "NONE", ""))
        written.writeframes(bytes(176_400 * seconds))
    return target.getvalue()


@pytest.fixture(scope="module")
def recording(opened: Gateway) -> str:
    """More sound than a browser loads before it is asked for."""
    return upload(opened, "silence.wav", sound(SECONDS), "audio/wav")


def test_a_player_jumps(browser: Browser, site: Site, opened: Gateway, recording: str) -> None:
    """B9: a player that jumps asks for the part from there on, and plays it without what lies between."""
    visit(browser, site, opened.address)
    script = """
        const player = new Audio(`${api}/files/${args[0]}/content`);
        const happened = (event) => new Promise((done, failed) => {
            player.addEventListener(event, done);
            player.addEventListener("error", () => failed(player.error));
        });
        await happened("loadedmetadata");
        player.currentTime = args[1];
        await happened("seeked");
        const begins = [...Array(player.buffered.length).keys()].map((at) => Math.floor(player.buffered.start(at)));
        return [Math.round(player.duration), player.currentTime, begins];
    """
    before = len(calls(opened.log, "DownloadFile"))
    duration, at, begins = browser.run(script, recording, SECONDS - 10)
    assert (duration, at, begins[0]) == (SECONDS, SECONDS - 10, 0)
    assert SECONDS - 20 < begins[-1] <= SECONDS - 10
    browser.open("about:blank")
    eventually(lambda: len(calls(opened.log, "DownloadFile")) >= before + 2, "the player's calls have ended")
    assert sum(call["response_bytes"] for call in calls(opened.log, "DownloadFile")[before:]) < len(sound(SECONDS)) / 2
