"""Rooms after their creation, over HTTP, in all profiles: what nobody changes, and what everybody may."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.rulebook.events import redact
from tests.rulebook.rooms import (
    ALL,
    CLIENT,
    EPAS,
    FORBIDDEN,
    INVALID_STATE,
    MEGOLM,
    PROS,
    UNSUPPORTED_VERSION,
    initial,
    is_listed,
    join,
    list_room,
    put_state,
    refusal,
    state_of,
    traces_of,
    upgrade,
    visibility_of,
)
from tests.synapse.matrix import invite, new_room, rooms_of
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]

PRAXIS, PFLEGE = "praxis.tim.test", "pflege.tim.test"
JOIN_RULES, HISTORY, ENCRYPTION = "m.room.join_rules", "m.room.history_visibility", "m.room.encryption"
LEVELS, ACL, TOMBSTONE = "m.room.power_levels", "m.room.server_acl", "m.room.tombstone"


async def new_admin(rulebook: Sandbox, server_name: str) -> MatrixUser:
    name = f"admin-{uuid4().hex[:8]}"
    return await rulebook.homeserver(server_name).new_user(name, "password", is_admin=True)


async def refused(user: MatrixUser, room_id: str, event_type: str, content: Any, expected: tuple[int, str]) -> None:
    """The change is refused like that, and the room's state is what it was."""
    before = await state_of(user, room_id, event_type)
    answer = await put_state(user, room_id, event_type, content)
    assert refusal(answer) == expected, answer
    assert await state_of(user, room_id, event_type) == before


async def changed(user: MatrixUser, room_id: str, event_type: str, content: Any) -> None:
    answer = await put_state(user, room_id, event_type, content)
    assert answer.status == 200, answer
    assert await state_of(user, room_id, event_type) == content


@pytest.mark.requirement("A_28271")
@pytest.mark.parametrize("body", [{}, {"creation_content": {"m.federate": False}}])
async def test_a_private_room_never_becomes_public(new_user: NewUser, body: dict[str, Any]) -> None:
    for server_name, expected in [(name, INVALID_STATE) for name in PROS] + [(name, FORBIDDEN) for name in EPAS]:
        user = await new_user(server_name)
        room_id = await new_room(user, **body)
        await refused(user, room_id, JOIN_RULES, {"join_rule": "public"}, expected)
        assert refusal(await list_room(user, room_id, "public")) == expected
        assert await visibility_of(user, room_id) == "private"
        assert (await list_room(user, room_id, "private")).status == 200


@pytest.mark.requirement("A_28271")
async def test_a_private_room_never_becomes_public_on_workers(new_user_both: NewUser) -> None:
    user = await new_user_both(PRAXIS)
    room_id = await new_room(user)
    await refused(user, room_id, JOIN_RULES, {"join_rule": "public"}, INVALID_STATE)
    await refused(user, room_id, ENCRYPTION, {}, FORBIDDEN)
    await refused(user, room_id, HISTORY, {"history_visibility": "world_readable"}, INVALID_STATE)
    await refused(user, room_id, LEVELS, await lowered(user, room_id), FORBIDDEN)
    assert refusal(await list_room(user, room_id, "public")) == INVALID_STATE
    assert refusal(await upgrade(user, room_id, "11")) == UNSUPPORTED_VERSION
    await changed(user, room_id, HISTORY, {"history_visibility": "joined"})
    assert (await upgrade(user, room_id, "10")).status == 200


async def lowered(user: MatrixUser, room_id: str) -> dict[str, Any]:
    return {**await state_of(user, room_id, LEVELS), "state_default": 0}


@pytest.mark.requirement("A_28271")
@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize(("server_name", "expected"), [(PRAXIS, INVALID_STATE), (EPAS[0], FORBIDDEN)])
async def test_a_server_admin_cannot_either(rulebook: Sandbox, server_name: str, expected: tuple[int, str]) -> None:
    admin = await new_admin(rulebook, server_name)
    room_id = await new_room(admin)
    await refused(admin, room_id, JOIN_RULES, {"join_rule": "public"}, expected)
    await refused(admin, room_id, HISTORY, {"history_visibility": "world_readable"}, expected)
    await refused(admin, room_id, ENCRYPTION, {}, FORBIDDEN)
    assert refusal(await list_room(admin, room_id, "public")) == expected
    assert refusal(await upgrade(admin, room_id, "12")) == UNSUPPORTED_VERSION


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("server_name", EPAS)
async def test_rooms_of_insured_persons(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    await refused(user, room_id, HISTORY, {"history_visibility": "world_readable"}, FORBIDDEN)
    for rule in ("knock", "restricted", "knock_restricted", "private"):
        await refused(user, room_id, JOIN_RULES, {"join_rule": rule}, FORBIDDEN)
    alias = quote(f"#x-{uuid4().hex[:8]}:{server_name}")
    answer = await user.request("PUT", f"{CLIENT}/directory/room/{alias}", {"room_id": room_id})
    assert refusal(answer) == FORBIDDEN
    for visibility in ("joined", "invited", "shared"):
        await changed(user, room_id, HISTORY, {"history_visibility": visibility})


@pytest.mark.parametrize("server_name", PROS)
async def test_rooms_of_professionals(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    await refused(user, room_id, HISTORY, {"history_visibility": "world_readable"}, INVALID_STATE)
    await refused(user, room_id, JOIN_RULES, {"join_rule": "private"}, FORBIDDEN)
    await changed(user, room_id, JOIN_RULES, {"join_rule": "knock"})
    await changed(user, room_id, JOIN_RULES, {"join_rule": "invite"})
    alias = quote(f"#x-{uuid4().hex[:8]}:{server_name}")
    answer = await user.request("PUT", f"{CLIENT}/directory/room/{alias}", {"room_id": room_id})
    assert answer.status == 200, answer


@pytest.mark.requirement("A_25325-01")
async def test_a_public_room_may_close_and_stays_closed(new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    room_id = await new_room(user, preset="public_chat")
    await changed(user, room_id, HISTORY, {"history_visibility": "world_readable"})
    await refused(user, room_id, ENCRYPTION, MEGOLM, FORBIDDEN)
    assert (await list_room(user, room_id, "private")).status == 200
    assert not await is_listed(user, room_id)
    assert (await list_room(user, room_id, "public")).status == 200
    assert await is_listed(user, room_id)
    await changed(user, room_id, JOIN_RULES, {"join_rule": "invite"})
    await refused(user, room_id, JOIN_RULES, {"join_rule": "public"}, INVALID_STATE)


@pytest.mark.requirement("A_25324-01")
@pytest.mark.parametrize("server_name", ALL)
async def test_encryption_is_neither_changed_nor_redacted(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    for content in ({}, {"algorithm": "none"}, {"algorithm": None}):
        await refused(user, room_id, ENCRYPTION, content, FORBIDDEN)
    state = await user.request("GET", f"{CLIENT}/rooms/{quote(room_id)}/state")
    ids = {event["type"]: event["event_id"] for event in state.body}
    for event_type in ("m.room.create", ENCRYPTION, LEVELS, JOIN_RULES):
        assert refusal(await redact(user, room_id, ids[event_type])) == FORBIDDEN
    assert await state_of(user, room_id, ENCRYPTION) == MEGOLM
    await changed(user, room_id, ENCRYPTION, MEGOLM | {"rotation_period_msgs": 50})


@pytest.mark.requirement("TIM_ROOM_POWER")
@pytest.mark.parametrize("server_name", ALL)
async def test_power_levels_keep_the_safeguards(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    levels = await state_of(user, room_id, LEVELS)
    for change in ({"state_default": 0}, {"users_default": 50}, {"ban": 0}, {"events": {ENCRYPTION: 0}}):
        await refused(user, room_id, LEVELS, levels | change, FORBIDDEN)
    await changed(user, room_id, LEVELS, levels | {"invite": 50, "users": levels["users"] | {"@x:pflege.tim.test": 50}})


@pytest.mark.parametrize("server_name", [PRAXIS, EPAS[0]])
async def test_guests_server_lists_and_tombstones(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user)
    await refused(user, room_id, "m.room.guest_access", {"guest_access": "can_join"}, FORBIDDEN)
    await refused(user, room_id, ACL, {"allow": ["*"], "deny": [server_name]}, FORBIDDEN)
    await refused(user, room_id, ACL, {"deny": []}, FORBIDDEN)
    await refused(user, room_id, TOMBSTONE, {"body": "x", "replacement_room": "!x:fremd.test"}, FORBIDDEN)
    await changed(user, room_id, ACL, {"allow": ["*.tim.test"], "deny": ["evil.tim.test"], "allow_ip_literals": False})


@pytest.mark.requirement("A_25641-01")
@pytest.mark.parametrize(
    ("event_type", "content"),
    [
        (JOIN_RULES, {"join_rule": 7}),
        (JOIN_RULES, {}),
        (HISTORY, {"history_visibility": []}),
        (LEVELS, {"users": "everybody"}),
        (LEVELS, {"users": {"@a:b": "100"}}),
        (ACL, {"allow": "*"}),
        (TOMBSTONE, {}),
        ("m.room.guest_access", {"guest_access": None}),
        ("m.room.canonical_alias", {"alt_aliases": [1]}),
        ("m.room.avatar", {"url": {}}),
    ],
)
async def test_malformed_state_is_bad_json(new_user: NewUser, event_type: str, content: dict[str, Any]) -> None:
    user = await new_user(PRAXIS)
    answer = await put_state(user, await new_room(user), event_type, content)
    assert answer.status == 400, answer
    assert answer.body["errcode"] in ("M_BAD_JSON", "M_UNKNOWN"), answer  # the latter where Synapse looks first


@pytest.mark.requirement("A_26203")
@pytest.mark.parametrize("server_name", ALL)
async def test_an_upgrade_keeps_the_rules_or_is_refused_with_nothing_left(
    rulebook: Sandbox, new_user: NewUser, server_name: str
) -> None:
    user = await new_user(server_name)
    room_id = await new_room(user, room_version="9")
    await changed(user, room_id, HISTORY, {"history_visibility": "joined"})
    rows, rooms = traces_of(rulebook, user), await rooms_of(user)
    for version in ("8", "11", "12", "nonsense"):
        assert refusal(await upgrade(user, room_id, version)) == UNSUPPORTED_VERSION
    assert (traces_of(rulebook, user), await rooms_of(user)) == (rows, rooms)
    answer = await upgrade(user, room_id, "10")
    assert answer.status == 200, answer
    new = answer.body["replacement_room"]
    create = await state_of(user, new, "m.room.create")
    assert (create["room_version"], create["type"]) == ("10", "de.gematik.tim.roomtype.default.v1")
    assert create["predecessor"]["room_id"] == room_id
    assert await state_of(user, new, ENCRYPTION) == MEGOLM
    assert (await state_of(user, new, JOIN_RULES))["join_rule"] == "invite"
    assert (await state_of(user, new, HISTORY))["history_visibility"] == "joined"
    assert (await state_of(user, room_id, TOMBSTONE))["replacement_room"] == new


@pytest.mark.requirement("A_26515-01")
async def test_a_public_room_is_upgraded_to_a_public_room_of_the_own_server(new_user: NewUser) -> None:
    doctor, colleague, nurse = await new_user(PRAXIS), await new_user(PRAXIS), await new_user(PFLEGE)
    room_id = await new_room(doctor, preset="public_chat", room_version="9")
    answer = await upgrade(doctor, room_id, "10")
    assert answer.status == 200, answer
    new = answer.body["replacement_room"]
    assert (await state_of(doctor, new, "m.room.create"))["m.federate"] is False
    assert await is_listed(colleague, new)
    assert (await join(colleague, new)).status == 200
    assert (await join(nurse, new, PRAXIS)).status == 403


@pytest.mark.requirement("A_26515-01")
async def test_somebody_elses_room_is_joined_by_invite_only(rulebook: Sandbox, new_user: NewUser) -> None:
    nurse, doctor, colleague = await new_user(PFLEGE), await new_user(PRAXIS), await new_user(PRAXIS)
    admin = await new_admin(rulebook, PRAXIS)
    room_id = await new_room(nurse, initial_state=[initial(JOIN_RULES, {"join_rule": "knock"})])
    for user in (doctor, admin):
        assert refusal(await join(user, room_id, PFLEGE)) == FORBIDDEN
    assert (await invite(nurse, room_id, doctor.user_id)).status == 200
    assert (await join(doctor, room_id)).status == 200
    for user in (colleague, admin):
        assert refusal(await join(user, room_id, PFLEGE)) == FORBIDDEN
    path = f"{CLIENT}/profile/{quote(doctor.user_id)}/avatar_url"
    assert (await doctor.request("PUT", path, {"avatar_url": "mxc://praxis.tim.test/abc"})).status == 200
    assert (await doctor.request("POST", f"{CLIENT}/rooms/{quote(room_id)}/leave", {})).status == 200
    assert refusal(await join(doctor, room_id, PFLEGE)) == FORBIDDEN
