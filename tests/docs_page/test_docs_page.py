from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib import resources

import pytest

FILES = ("docs_page.html", "docs_page.css", "docs_page.js")


def _read(name: str) -> str:
    return resources.files("transom_runtime").joinpath(name).read_text(encoding="utf-8")


class _Page(HTMLParser):
    """Collects what a strict content security policy would refuse, and what the page asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.inline: list[str] = []
        self.asked: list[str] = []
        self._tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.inline.append(f"{tag} {name}")
            if name in {"src", "href"}:
                self.asked.append(value or "")

    def handle_data(self, data: str) -> None:
        if self._tag in {"script", "style"} and data.strip():
            self.inline.append(self._tag)


def test_page_needs_no_inline_code() -> None:
    """The page works under `script-src 'self'; style-src 'self'`: no inline script, style or handler."""
    page = _Page()
    page.feed(_read("docs_page.html"))
    assert page.inline == []
    assert page.asked == ["data:,", "/docs/docs_page.css", "/docs/docs_page.js", "/openapi.json", "/openapi.json"]


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_loaded_from_elsewhere(name: str) -> None:
    """No file of the page names another host."""
    assert re.findall(r"(?:https?:)?//[a-z0-9-]+\.[a-z]", _read(name)) == []


def test_text_never_becomes_markup() -> None:
    """Comments of protos are shown as text: nothing in the page parses strings as HTML or as code."""
    banned = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "DOMParser")
    assert [word for word in banned if word in _read("docs_page.js")] == []
