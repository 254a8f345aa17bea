"""An independent transcoder: google-api-core makes HTTP of messages, and the upstream gets the messages back.

Every binding of this repository and of the public protos; each is given messages that fit it, and each method some for
which google-api-core chooses the binding itself, as its clients do.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

import aiohttp
import pytest
from yarl import URL

from clients.messages import Maker
from clients.public_protos import FOLDER, Package, read_manifest
from clients.recorder import Recorder
from clients.rules import Method, Rule, read_methods
from clients.serving import generate, serve
from clients.tally import TALLY
from clients.transcoding import Sent, carry, choose, transcode

pytestmark = pytest.mark.timeout(300)

REPOSITORY: Final = Path(__file__).parents[2]
MESSAGES: Final = int(os.environ.get("TRANSCODING_MESSAGES", "2"))
"""Messages for each binding."""
SEED: Final = os.environ.get("TRANSCODING_SEED", "1")
_IN_FLIGHT: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A gateway, and what is behind it."""

    address: str
    recorder: Recorder


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One message on its way."""

    id: str
    method: Method
    rule: Rule
    sent: Sent
    expected: bytes


@contextmanager
def held(folder: Path, generated: Path, methods: Sequence[Method]) -> Iterator[Held]:
    """A gateway over generated code, in front of a recorder."""
    with ExitStack() as stack:
        recorder = stack.enter_context(Recorder({method.rpc: method.kind for method in methods}))
        # Named one by one: the gateway would serve its own services itself.
        services = sorted({method.service for method in methods})
        gateway = stack.enter_context(serve(folder, generated, f"127.0.0.1:{recorder.port}", services))
        yield Held(address=gateway.address, recorder=recorder)


@cache
def public_methods() -> list[Method]:
    """The annotated methods of all packages."""
    return read_methods(FOLDER)


@pytest.fixture(scope="module")
def public_gateway(public: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Held]:
    """One gateway over the protos of all packages together."""
    folder = tmp_path_factory.mktemp("public")
    generate(public, folder / "generated")
    with held(folder, folder / "generated", public_methods()) as running:
        yield running


@pytest.mark.parametrize("package", read_manifest(), ids=lambda package: package.name.rpartition("/")[2])
async def test_public_protos(package: Package, public_gateway: Held) -> None:
    """What google-api-core makes of a message of a public API arrives as that message (T, P, B, Q, J)."""
    folders = tuple(f"{folder}/" for folder in package.protos)
    methods = [method for method in public_methods() if _file_of(method).startswith(folders)]
    await hold(f"{package.name} {package.version}", methods, public_gateway)


async def test_own_protos(tmp_path: Path) -> None:
    """What google-api-core makes of a message of this repository's API arrives as that message (T, P, B, Q, J)."""
    methods = read_methods(REPOSITORY / "protos")
    generate(REPOSITORY / "protos", tmp_path / "generated")
    with held(tmp_path, tmp_path / "generated", methods) as running:
        await hold("this repository", methods, running)


def _file_of(method: Method) -> str:
    # The request of a public API stands in a file of the API's own, or in google's common ones.
    return f"{method.service.rpartition('.')[0].replace('.', '/')}/"


async def hold(title: str, methods: Sequence[Method], running: Held) -> None:
    """Send messages over every binding, and say what did not arrive as it was."""
    assert methods
    trials = [trial for method in methods for trial in make_trials(title, method)]
    wrong: list[str] = []
    slots = asyncio.Semaphore(_IN_FLIGHT)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=_IN_FLIGHT)) as http:
        await asyncio.gather(*(_try(trial, running, http, slots, wrong) for trial in trials))
    counts = TALLY.of(title)
    counts["services"] = len({method.service for method in methods})
    counts["methods"] = len(methods)
    counts["bindings"] = sum(len(method.rules) for method in methods)
    counts["messages"] = len(trials)
    assert not wrong, f"{len(wrong)} of {len(trials)}:\n" + "\n".join(wrong[:20])


def make_trials(title: str, method: Method) -> Iterator[Trial]:
    """Messages for each rule of a method alone, and one for its rules together."""
    for index, rule in enumerate(method.rules):
        for number in range(MESSAGES):
            yield make_trial(title, method, rule, [rule], f"{method.rpc}#{index}/{number}")
    if len(method.rules) > 1:
        yield make_trial(title, method, method.rules[-1], method.rules, f"{method.rpc}#all")


def make_trial(title: str, method: Method, fitting: Rule, rules: Sequence[Rule], name: str) -> Trial:
    """A message that fits a rule, as google-api-core sends it by one of the rules."""
    message = Maker(f"{SEED} {name}").request(method, fitting)
    rule = choose(rules, message)
    for lost in carry(message, rule, method.ranged):
        TALLY.note("values that a rule has no place for", f"{rule.method.upper()} {rule.uri}: {lost}")
    sent = transcode(rules, message)
    if method.client_streaming and "json" in sent.headers.get("Content-Type", ""):
        sent = replace(sent, body=b"[%b]" % (sent.body or b"{}"))  # a stream of one message (S7)
    expected = message.SerializeToString(deterministic=True)
    return Trial(id=name, method=method, rule=rule, sent=sent, expected=expected)


async def _try(
    trial: Trial, running: Held, http: aiohttp.ClientSession, slots: asyncio.Semaphore, wrong: list[str]
) -> None:
    request_id = f"t-{abs(hash(trial.id))}"
    sent = trial.sent
    url = URL(f"{running.address}{sent.target}", encoded=True)
    headers = {**sent.headers, "X-Request-Id": request_id}
    ask = _over_socket if trial.method.kind == "bidi" and sent.method == "GET" else _over_http
    async with slots:
        status, said = await ask(http, sent, url, headers)
    fault = _compare(trial, status, said, running.recorder, request_id)
    if fault:
        wrong.append(f"{trial.id}: {sent.method} {sent.target[:300]} {(sent.body or b'')[:300]!r}\n    {fault}")


async def _over_http(
    http: aiohttp.ClientSession, sent: Sent, url: URL, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    async with http.request(sent.method, url, data=sent.body, headers=headers, allow_redirects=False) as answer:
        return answer.status, await answer.read()


async def _over_socket(
    http: aiohttp.ClientSession, sent: Sent, url: URL, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    """Path and query are a message of their own; an empty frame says that there are no more (S8). Where $alt is all of
    the query, a first frame takes the path.
    """
    del sent
    async with http.ws_connect(url, headers=headers) as socket:
        if "&" not in url.raw_query_string:
            await socket.send_str("{}")
        await socket.send_str("")
        said = [frame.data.encode() async for frame in socket if frame.type is aiohttp.WSMsgType.TEXT]
        return 200 if socket.close_code == 1000 else 500, b"\n".join(said)


def _compare(trial: Trial, status: int, said: bytes, recorder: Recorder, request_id: str) -> str:
    recorded = recorder.take(request_id)
    if status >= 400 or recorded is None:
        return f"{status} {said.decode(errors='replace')[:600]}"
    if recorded.rpc != trial.method.rpc:
        return f"arrived at {recorded.rpc}"
    arrived = [trial.method.request.FromString(wire) for wire in recorded.requests]
    if [message.SerializeToString(deterministic=True) for message in arrived] != [trial.expected]:
        return f"sent: {trial.method.request.FromString(trial.expected)!r}\n    arrived: {arrived!r}"
    return ""
