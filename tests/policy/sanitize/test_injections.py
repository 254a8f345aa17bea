from __future__ import annotations

import pytest

from policy.sanitize.corpus import BENIGN, COMMAND, HIDDEN, SCRIPT, SQL, TRAVERSAL
from policy.sanitize.kit import plain, refusal

REASONS = [
    *((text, "SCRIPT_INJECTION") for text in SCRIPT),
    *((text, "SQL_INJECTION") for text in SQL),
    *((text, "COMMAND_INJECTION") for text in COMMAND),
    *((text, "PATH_TRAVERSAL") for text in TRAVERSAL),
]


@pytest.mark.parametrize("text", BENIGN)
def test_benign_texts_pass(text: str) -> None:
    """Names, prose, markup, code, other languages and mathematics are no findings, even where all rules block."""
    assert plain(text) == text


@pytest.mark.parametrize(("text", "reason"), REASONS)
def test_attacks_are_found(text: str, reason: str) -> None:
    """Each class of attack is found, plain, encoded and disguised, and named by its class."""
    assert reason in refusal(text)


@pytest.mark.parametrize("text", HIDDEN)
def test_hidden_characters_are_found(text: str) -> None:
    """NUL, controls, overrides and tags are found in prose."""
    assert refusal(text) & {"CONTROL_CHARACTER", "HIDDEN_TEXT"}


@pytest.mark.parametrize("text", [SCRIPT[0], SQL[0], COMMAND[0], TRAVERSAL[0]])
def test_padding_hides_nothing(text: str) -> None:
    """The beginning and the end of a text that is longer than the scan are looked over."""
    for padded in (f"{text} {'padding ' * 40_000}", f"{'padding ' * 40_000}; {text}"):
        assert refusal(padded)
