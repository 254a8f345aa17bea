"""Stream tickets: each is good once, on one replica, for a while."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace
from types import MappingProxyType

import pytest

from state.callers import user
from state.conftest import StateMaker
from state.eventually import eventually
from state.server import Server
from state.test_token_cache import Clock
from transom_runtime.errors import CallError, Code
from transom_runtime.state import State
from transom_runtime.state.options import TicketOptions
from transom_runtime.state.tickets import Tickets


async def test_any_replica_takes_a_ticket_once(server: Server, open_state: StateMaker) -> None:
    """A ticket stands for its caller, whole, on whichever replica it is sent to; from then on it is worth nothing."""
    here, there = await open_state(server), await open_state(server)
    ticket = await here.tickets.issue(user())
    found = await there.tickets.redeem(ticket.text)
    assert found is not None
    assert replace(found, expires_at=0.0) == replace(user(), expires_at=0.0)
    assert await here.tickets.redeem(ticket.text) is None
    assert await there.tickets.redeem(ticket.text) is None


async def test_of_two_replicas_that_race_one_gets_the_caller(server: Server, open_state: StateMaker) -> None:
    """However many ask at once, on both replicas, a ticket is given to exactly one of them."""
    replicas = await open_state(server), await open_state(server)
    for _ in range(50):
        ticket = await replicas[0].tickets.issue(user())
        found = await asyncio.gather(*(state.tickets.redeem(ticket.text) for state in replicas * 4))
        assert len([caller for caller in found if caller is not None]) == 1


async def test_redis_holds_no_ticket(server: Server, open_state: StateMaker) -> None:
    """What Redis holds does not tell a ticket: whoever reads it cannot open a stream."""
    state = await open_state(server)
    ticket = await state.tickets.issue(user())
    keys = [key for key in await state.redis.execute("KEYS", "*") if b":ticket:" in key]
    assert len(keys) == 1
    assert ticket.text.encode() not in keys[0] + await state.redis.execute("GET", keys[0])
    assert ticket.text not in repr(ticket)


async def test_tickets_are_all_unlike(open_state: StateMaker) -> None:
    """A ticket has 192 random bits, in letters that need no escape in an address."""
    state = await open_state()
    texts = {(await state.tickets.issue(user())).text for _ in range(100)}
    assert len(texts) == 100
    assert all(len(text) == 32 and text.replace("-", "").replace("_", "").isalnum() for text in texts)


@pytest.mark.parametrize(("life_s", "kept_s"), [(600.0, 30.0), (math.inf, 30.0), (5.0, 5.0)])
async def test_a_ticket_ends_with_its_token(
    server: Server, open_state: StateMaker, life_s: float, kept_s: float
) -> None:
    """In Redis as well, a ticket ends after half a minute, or with the token that it was made for."""
    state = await open_state(server)
    await state.tickets.issue(user(life_s=life_s))
    (key,) = [key for key in await state.redis.execute("KEYS", "*") if b":ticket:" in key]
    assert (kept_s - 2) * 1000 < await state.redis.execute("PTTL", key) <= kept_s * 1000


@pytest.mark.parametrize(("passed_s", "is_good"), [(29.9, True), (30.0, False)])
async def test_tickets_end_in_time(server: Server, open_state: StateMaker, passed_s: float, is_good: bool) -> None:
    """By the clock of the replica that is asked, too: a ticket whose time has come is worth nothing."""
    state, clock = await open_state(server), Clock()
    for tickets in (Tickets(None, TicketOptions(), clock=clock), Tickets(state.redis, TicketOptions(), clock=clock)):
        ticket = await tickets.issue(replace(user(), expires_at=math.inf))
        assert ticket.expires_at == clock.now + 30.0
        clock.now += passed_s
        assert (await tickets.redeem(ticket.text) is not None) == is_good


async def test_with_redis_away_a_ticket_is_good_where_it_was_made(own_server: Server, open_state: StateMaker) -> None:
    """During an outage a ticket opens one stream on the replica that made it; elsewhere nobody can say (503)."""
    here, there = await open_state(own_server), await open_state(own_server)
    before = await here.tickets.issue(user())
    own_server.kill()
    during = await here.tickets.issue(user())
    assert await here.tickets.redeem(during.text) is not None
    for state, ticket in ((here, during), (there, during), (here, before)):
        with pytest.raises(CallError) as raised:
            await state.tickets.redeem(ticket.text)
        assert (raised.value.code, raised.value.reason) == (Code.UNAVAILABLE, "TICKETS_UNAVAILABLE")
        assert ticket.text not in str(raised.value)


async def test_a_ticket_that_redis_may_have_is_given_to_nobody(own_server: Server, open_state: StateMaker) -> None:
    """Where Redis took a ticket without saying so, its caller got another one: none is good twice."""
    here, there = await open_state(own_server, timeout_s=0.05), await open_state(own_server)
    own_server.freeze()
    ticket = await here.tickets.issue(user())
    own_server.thaw()
    await eventually(lambda: knows_a_ticket(there))
    assert await there.tickets.redeem(ticket.text) is None
    assert await here.tickets.redeem(ticket.text) is not None
    assert await there.tickets.redeem(ticket.text) is None


async def knows_a_ticket(state: State) -> bool:
    """Whether Redis answers and holds a ticket."""
    try:
        return any(b":ticket:" in key for key in await state.redis.execute("KEYS", "*"))
    except Exception:  # noqa: BLE001 -- it is asked again
        return False


async def test_without_redis_this_process_is_all_there_is(open_state: StateMaker) -> None:
    """Where no Redis is configured an unknown ticket is worth nothing; it is no outage."""
    state = await open_state()
    ticket = await state.tickets.issue(user())
    assert await state.tickets.redeem("made-up") is None
    assert await state.tickets.redeem(ticket.text) is not None
    assert await state.tickets.redeem(ticket.text) is None


async def test_memory_is_bounded() -> None:
    """Tickets that nobody uses do not fill the process: the oldest makes room."""
    tickets = Tickets(None, TicketOptions(size=2))
    first, second, third = [await tickets.issue(user()) for _ in range(3)]
    assert await tickets.redeem(first.text) is None
    assert await tickets.redeem(second.text) is not None
    assert await tickets.redeem(third.text) is not None


async def test_entries_that_cannot_be_trusted_are_nobody(server: Server, open_state: StateMaker) -> None:
    """Junk, and a key of another type, fail nobody and let nobody in."""
    state = await open_state(server)
    for words in (("SET", b"junk"), ("LPUSH", b"x")):
        ticket = await state.tickets.issue(user())
        (key,) = [key for key in await state.redis.execute("KEYS", "*") if b":ticket:" in key]
        await state.redis.execute("DEL", key)
        await state.redis.execute(words[0], key, words[1])
        assert await state.tickets.redeem(ticket.text) is None
        await state.redis.execute("DEL", key)


async def test_claims_that_json_does_not_take_stay_here(server: Server, open_state: StateMaker) -> None:
    """A caller whom Redis cannot keep gets a ticket that is good here."""
    state = await open_state(server)
    ticket = await state.tickets.issue(replace(user(), claims=MappingProxyType({"name": "\ud800"})))
    assert await state.tickets.redeem(ticket.text) is not None


@pytest.mark.parametrize("given", [{"ttl_s": 0.5}, {"ttl_s": 601.0}, {"size": 0}])
def test_options_are_checked(given: dict[str, float]) -> None:
    """A ticket that lives too short to be used, or long enough to be found, is a mistake told at start."""
    with pytest.raises(ValueError, match="ttl_s has to be"):
        TicketOptions(**given)  # type: ignore[arg-type] # as settings give them
