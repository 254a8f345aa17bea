"""What a message asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final


class Verb(Enum):
    """What the engine can be asked for."""

    HELP = "help"
    LIST = "list"
    DESCRIBE = "describe"
    RUN = "run"
    STATUS = "status"
    CANCEL = "cancel"
    SEARCH = "search"
    """What is no command is searched for."""


@dataclass(frozen=True, slots=True)
class Command:
    """A message, understood."""

    verb: Verb
    subject: str = ""
    """The workflow or the execution that it names; empty: none."""


_FORMS: Final = (
    (Verb.HELP, re.compile(r"(?:help|\?|what can you do\??)", re.IGNORECASE)),
    (Verb.LIST, re.compile(r"(?:list|show)(?: my| all)? workflows", re.IGNORECASE)),
    (Verb.DESCRIBE, re.compile(r"describe(?:\s+(?:the\s+)?(?:workflow\s+)?(?P<subject>.+))?", re.IGNORECASE)),
    (Verb.RUN, re.compile(r"(?:run|execute|start)(?:\s+(?:the\s+)?(?:workflow\s+)?(?P<subject>.+))?", re.IGNORECASE)),
    (Verb.STATUS, re.compile(r"status(?:\s+(?:of\s+)?(?:execution\s+)?(?P<subject>\S+))?", re.IGNORECASE)),
    (Verb.CANCEL, re.compile(r"(?:cancel|stop)(?:\s+(?:execution\s+)?(?P<subject>\S+))?", re.IGNORECASE)),
)


def parse_command(text: str) -> Command:
    """What a text asks for; a text that is no command is a search for its words."""
    said = text.strip().rstrip(".!")
    for verb, form in _FORMS:
        match = form.fullmatch(said)
        if match is not None:
            return Command(verb, (match.groupdict().get("subject") or "").strip().strip("'\""))
    return Command(Verb.SEARCH, said)
