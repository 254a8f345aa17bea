"""The whole product behind a real browser: Valkey, the engine, gateways, pages of another origin, and Chromium."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from browser.chromium import CHROMEDRIVER, CHROMIUM, MISSING, Browser, chromium
from browser.guest import guest
from browser.pages import Site, serving_pages
from browser.product import Lives
from e2e.stack import Gateway, gateway, program, settings
from state.server import Server

TIERS = {name: {"requests": 100_000} for name in ("public", "standard", "expensive", "tools")}
NARROW = {
    "selector": "transom.gateway.v1.ValidationService.ListValidationRules",
    "rate_limits": [{"tier": "narrow", "requests": 1}],
}
"""A route that can be called once a minute."""
OPEN = [{"selector": "workflow.v1.*", "auth": {"kind": "public"}}]
_FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember which tests failed, so that what the browser shows can be kept."""
    report = yield
    item.stash[_FAILED] = item.stash.get(_FAILED, False) or report.failed
    return report


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the programs keep their data, and what is left of failures."""
    return tmp_path_factory.mktemp("browser")


@pytest.fixture(scope="session")
def site() -> Iterator[Site]:
    with serving_pages() as serving:
        yield serving


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    server = Server()
    server.start()
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def engine(folder: Path) -> Iterator[str]:
    arguments = ("-m", "workflow_engine", "--port", "0", "--data", str(folder / "engine"))
    with program(*arguments, log=folder / "engine.log", says="") as (_, address):
        yield address


@pytest.fixture(scope="session")
def facade(engine: str) -> Iterator[str]:
    """A service before the engine that serves everybody as one user."""
    with guest(engine) as address:
        yield address


@pytest.fixture(scope="session")
def content(engine: str, redis_url: str, site: Site) -> dict[str, Any]:
    """Settings of a gateway for users, which lets the site's pages in."""
    return settings(
        engine,
        redis_url,
        cors={"origins": [site.origin]},
        framing={"retry_ms": 100},
        process={"grace_s": 10},
        rate_limit={"tiers": TIERS},
        overrides=[NARROW],
    )


@pytest.fixture(scope="session")
def open_content(content: dict[str, Any], facade: str) -> dict[str, Any]:
    """Settings of a gateway whose engine routes an operator has opened to all."""
    engine = {"channel": {"target": facade}, "services": ["workflow.v1.*"]}
    return content | {"upstreams": {"engine": engine}, "overrides": OPEN}


@pytest.fixture(scope="session")
def served(folder: Path, content: dict[str, Any]) -> Iterator[Gateway]:
    """A running gateway for users."""
    with gateway(folder / "served", content) as running:
        yield running


@pytest.fixture(scope="session")
def opened(folder: Path, open_content: dict[str, Any]) -> Iterator[Gateway]:
    """A running gateway for everybody."""
    with gateway(folder / "opened", open_content) as running:
        yield running


@pytest.fixture(scope="session")
def chrome(folder: Path) -> Iterator[Browser]:
    """The browser; all tests share it."""
    if CHROMIUM is None or CHROMEDRIVER is None:
        pytest.fail(MISSING, pytrace=False)
    with chromium(folder / "chromium") as running:
        yield running


@pytest.fixture
def browser(chrome: Browser, folder: Path, request: pytest.FixtureRequest) -> Iterator[Browser]:
    """The browser on an empty page. Of a test that fails a picture and the console's words are kept."""
    chrome.open("about:blank")
    chrome.console()
    yield chrome
    if request.node.stash.get(_FAILED, False):
        left = folder / "failed" / request.node.name
        left.mkdir(parents=True)
        chrome.screenshot(left / "page.png")
        (left / "console.txt").write_text("\n".join(chrome.console()), "utf-8")
        print(f"what the browser showed is in {left}, what the programs said in {folder}")  # noqa: T201 -- for the report


@pytest.fixture
def lives(tmp_path: Path, content: dict[str, Any]) -> Iterator[Lives]:
    """A gateway for users that a test may end and start again."""
    with contextlib.closing(Lives(tmp_path, content)) as made:
        made.start()
        yield made


@pytest.fixture
def open_lives(tmp_path: Path, open_content: dict[str, Any]) -> Iterator[Lives]:
    """A gateway for everybody that a test may end and start again."""
    with contextlib.closing(Lives(tmp_path, open_content)) as made:
        made.start()
        yield made
