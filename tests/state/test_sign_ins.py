"""The callers' sign-ins."""

from __future__ import annotations

import math
import time

from state.callers import user
from state.conftest import StateMaker
from state.eventually import eventually
from state.server import Server
from transom_runtime.call import ANONYMOUS, Principal, PrincipalKind
from transom_runtime.state import Revocation, State
from transom_runtime.state.options import SignInOptions


async def test_sign_ins_are_listed_on_every_replica(server: Server, open_state: StateMaker) -> None:
    """A sign-in seen by one replica is listed by all, with when and from where; the latest seen first."""
    here, there = await open_state(server), await open_state(server)
    before = time.time()
    here.sign_ins.touch(user(session="s-1"), "192.0.2.1", "curl/8")
    await here.sign_ins.flush()
    there.sign_ins.touch(user(session="s-2"), "192.0.2.2", "firefox")
    listed = await there.sign_ins.list("ada")
    assert [sign_in.session_id for sign_in in listed] == ["s-2", "s-1"]
    first = listed[1]
    assert (first.address, first.user_agent) == ("192.0.2.1", "curl/8")
    # Redis keeps a tenth of a millisecond.
    assert before - 0.001 <= first.first_seen_at <= first.last_seen_at <= time.time() + 0.001
    assert await here.sign_ins.list("eve") == []


async def test_notes_go_to_redis_by_themselves(server: Server, open_state: StateMaker) -> None:
    """A note is sent a moment later, without anybody asking for the list."""
    here = await open_state(server, sign_ins=SignInOptions(flush_delay_s=0.01))
    here.sign_ins.touch(user(), "192.0.2.1", "curl")
    await eventually(lambda: key_count(here, 1))


async def test_being_seen_again_soon_is_not_noted(server: Server, open_state: StateMaker) -> None:
    """Within the interval a second touch from the same place costs nothing; from another place it is noted."""
    state = await open_state(server, sign_ins=SignInOptions(touch_interval_s=3600))
    state.sign_ins.touch(user(life_s=500), "192.0.2.1", "curl")
    first = (await state.sign_ins.list("ada"))[0]
    state.sign_ins.touch(user(life_s=400), "192.0.2.1", "curl")
    assert (await state.sign_ins.list("ada"))[0] == first
    state.sign_ins.touch(user(life_s=400), "192.0.2.9", "curl")
    moved = (await state.sign_ins.list("ada"))[0]
    assert (moved.address, moved.first_seen_at) == ("192.0.2.9", first.first_seen_at)
    assert moved.expires_at == first.expires_at


async def test_replicas_merge_what_they_saw(server: Server, open_state: StateMaker) -> None:
    """The first sight is the earliest of all replicas', the end that of the latest token."""
    here, there = await open_state(server), await open_state(server)
    here.sign_ins.touch(user(life_s=100), "192.0.2.1", "a")
    first = (await here.sign_ins.list("ada"))[0]
    newer = user(life_s=900)
    there.sign_ins.touch(newer, "192.0.2.2", "b")
    merged = (await there.sign_ins.list("ada"))[0]
    assert abs(merged.first_seen_at - first.first_seen_at) < 0.001
    assert merged.address == "192.0.2.2"
    assert abs(merged.expires_at - newer.expires_at) < 0.001


async def test_a_deleted_sign_in_is_gone(server: Server, open_state: StateMaker) -> None:
    """A sign-in that is deleted is listed nowhere."""
    here, there = await open_state(server), await open_state(server)
    here.sign_ins.touch(user(), "192.0.2.1", "a")
    await here.sign_ins.flush()
    await there.sign_ins.delete("ada", "s-1")
    assert await there.sign_ins.list("ada") == []


async def test_a_revoked_sign_in_is_gone_everywhere(server: Server, open_state: StateMaker) -> None:
    """Revoking a sign-in takes it off the list, though another replica was about to note it."""
    here, there = await open_state(server), await open_state(server)
    here.sign_ins.touch(user(), "192.0.2.1", "a")
    there.sign_ins.touch(user(), "192.0.2.2", "b")
    await here.revocations.revoke(Revocation(principal_id="ada", session_id="s-1", expires_at=time.time() + 60))
    await eventually(lambda: there.revocations.is_revoked(user()))
    await there.sign_ins.flush()
    await eventually(lambda: listed_none(there))


async def test_ended_sign_ins_are_not_listed(server: Server, open_state: StateMaker) -> None:
    """A sign-in is over when its last token is; one whose tokens do not end stays."""
    state = await open_state(server)
    state.sign_ins.touch(user(session="s-0", life_s=-1), "192.0.2.1", "a")
    state.sign_ins.touch(user(session="s-1", life_s=math.inf), "192.0.2.1", "a")
    listed = await state.sign_ins.list("ada")
    assert [(sign_in.session_id, sign_in.expires_at) for sign_in in listed] == [("s-1", math.inf)]


async def test_sign_ins_are_capped(server: Server, open_state: StateMaker) -> None:
    """A user keeps the sign-ins seen last, as many as the cap says."""
    state = await open_state(server, sign_ins=SignInOptions(max_per_user=3))
    for n in range(5):
        state.sign_ins.touch(user(session=f"s-{n}"), "192.0.2.1", "a")
        await state.sign_ins.flush()
    assert [sign_in.session_id for sign_in in await state.sign_ins.list("ada")] == ["s-4", "s-3", "s-2"]


async def test_only_users_sign_in(server: Server, open_state: StateMaker) -> None:
    """Callers without a sign-in are passed over."""
    state = await open_state(server)
    for caller in (ANONYMOUS, Principal(kind=PrincipalKind.API_KEY, id="ci"), user(session="")):
        state.sign_ins.touch(caller, "192.0.2.1", "a")
        assert await state.sign_ins.list(caller.id) == []


async def test_odd_texts_fail_nobody(server: Server, open_state: StateMaker) -> None:
    """Bytes that are no UTF-8 in a header or an id, and endless headers, are noted as well as they can be."""
    state = await open_state(server)
    caller = user("a\ud800", session="s\ud800")
    state.sign_ins.touch(caller, "::1", "\udcff" + "x" * 10_000)
    (listed,) = await state.sign_ins.list(caller.id)
    assert listed.session_id == caller.session_id
    assert len(listed.user_agent) <= 256


async def test_with_redis_away_this_process_lists_its_own(own_server: Server, open_state: StateMaker) -> None:
    """Sign-ins seen during an outage are listed here, and everywhere when Redis is back."""
    here, there = await open_state(own_server), await open_state(own_server)
    own_server.kill()
    here.sign_ins.touch(user(), "192.0.2.1", "a")
    assert [sign_in.session_id for sign_in in await here.sign_ins.list("ada")] == ["s-1"]
    assert await there.sign_ins.list("ada") == []
    own_server.start()
    await eventually(lambda: listed_one(there))


async def listed_one(state: State) -> bool:
    return len(await state.sign_ins.list("ada")) == 1


async def listed_none(state: State) -> bool:
    return not await state.sign_ins.list("ada")


async def key_count(state: State, count: int) -> bool:
    return bool(await state.redis.execute("DBSIZE") == count)
