"""Stream tickets in requests: the `access_token` parameter of a stream's address, where headers cannot be set.

Only a ticket counts there, never a token: an address ends up in logs and histories, where a ticket is worth nothing
any more. Once read it is taken out of the head, so that no later stage can pass it on or tell it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus

from transom_runtime.binding import StreamKind
from transom_runtime.call import PrincipalKind
from transom_runtime.policy.auth.credentials import checked
from transom_runtime.policy.auth.refusals import CredentialRefused, Refusal

if TYPE_CHECKING:
    from transom_runtime.binding import Binding
    from transom_runtime.call import Call, Principal
    from transom_runtime.policy.auth.callers import Callers
    from transom_runtime.policy.auth.memory import Tickets

PARAMETER: Final = "access_token"
_STREAMS: Final = frozenset({StreamKind.SERVER, StreamKind.BIDI})


def takes_tickets(binding: Binding) -> bool:
    """Whether a route's callers may come with a ticket: those of streams that a browser opens by their address alone.

    Not where the parameter is a field of the request: that is the field's, and what it holds goes upstream.
    """
    return binding.stream in _STREAMS and PARAMETER not in binding.query


class TicketHolders:
    """Finds callers by their tickets. One event loop."""

    def __init__(self, tickets: Tickets, callers: Callers, max_bytes: int) -> None:
        self._tickets = tickets
        self._callers = callers
        self._max_bytes = max_bytes

    async def find(self, call: Call) -> Principal | None:
        """The caller whose ticket the address carries, taken out of `call.head`; None where it carries none.

        Raises CredentialRefused; CallError (503) where it cannot be known.
        """
        given = _take_out(call)
        if not given:
            return None
        if len(given) > 1 or "Authorization" in call.head.headers:
            raise CredentialRefused(Refusal.AMBIGUOUS)
        caller = await self._tickets.redeem(checked(given[0], self._max_bytes))
        # Who made a ticket without having signed in, on a route that somebody opened to all, is no user.
        if caller is None or caller.kind is not PrincipalKind.USER or not self._callers.is_good(caller):
            raise CredentialRefused(Refusal.TICKET)
        return caller


def _take_out(call: Call) -> list[str]:
    """The values of the parameter that are not empty; the call's query goes on without them."""
    query = call.head.raw_query
    if PARAMETER not in unquote_plus(query):
        return []
    pairs = query.split("&")
    ours = [pair for pair in pairs if unquote_plus(pair.partition("=")[0]) == PARAMETER]
    if ours:
        call.head = replace(call.head, raw_query="&".join(pair for pair in pairs if pair not in ours))
    return [text for pair in ours if (text := unquote_plus(pair.partition("=")[2]))]
