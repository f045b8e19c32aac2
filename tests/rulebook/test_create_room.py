"""createRoom over HTTP, in all profiles: what comes out, what is refused, and that a refusal leaves nothing behind."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.rulebook.rooms import (
    ALL,
    BAD_JSON,
    EPAS,
    FORBIDDEN,
    INVALID_STATE,
    MEGOLM,
    PROS,
    TOO_LARGE,
    UNSUPPORTED_VERSION,
    initial,
    is_listed,
    join,
    no_room,
    put_state,
    state_of,
    visibility_of,
)
from tests.synapse.matrix import create_room, invitations_of, invite, new_room, say
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]

V1, V2 = "de.gematik.tim.roomtype.default.v1", "de.gematik.tim.roomtype.default.v2"
PRAXIS, PFLEGE = "praxis.tim.test", "pflege.tim.test"
JOIN_PUBLIC = initial("m.room.join_rules", {"join_rule": "public"})
WORLD_READABLE = initial("m.room.history_visibility", {"history_visibility": "world_readable"})
PUBLIC: list[dict[str, Any]] = [
    {"preset": "public_chat"},
    {"visibility": "public"},
    {"initial_state": [JOIN_PUBLIC]},
    {"visibility": "private", "initial_state": [JOIN_PUBLIC]},
]


async def assert_private(user: MatrixUser, room_id: str, history: str = "invited") -> None:
    """The room is what a private room has to be."""
    create = await state_of(user, room_id, "m.room.create")
    assert (create["room_version"], create["type"]) == ("10", V1)
    assert await state_of(user, room_id, "m.room.encryption") == MEGOLM
    assert (await state_of(user, room_id, "m.room.join_rules"))["join_rule"] == "invite"
    assert (await state_of(user, room_id, "m.room.history_visibility"))["history_visibility"] == history
    assert (await state_of(user, room_id, "m.room.guest_access"))["guest_access"] == "forbidden"
    assert await visibility_of(user, room_id) == "private"


async def assert_public(user: MatrixUser, room_id: str, history: str = "shared") -> None:
    """The room is what a public room has to be."""
    create = await state_of(user, room_id, "m.room.create")
    assert (create["room_version"], create["type"], create["m.federate"]) == ("10", V1, False)
    assert await state_of(user, room_id, "m.room.encryption") is None
    assert (await state_of(user, room_id, "m.room.join_rules"))["join_rule"] == "public"
    assert (await state_of(user, room_id, "m.room.history_visibility"))["history_visibility"] == history
    assert await visibility_of(user, room_id) == "public"


@pytest.mark.requirement("A_25323-01")
@pytest.mark.requirement("A_25481")
@pytest.mark.requirement("A_26248")
@pytest.mark.requirement("A_25814-01")
@pytest.mark.parametrize("server_name", ALL)
async def test_a_room_of_which_nothing_is_said_is_private(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    await assert_private(user, await new_room(user))


@pytest.mark.parametrize("server_name", ALL)
async def test_elements_private_room(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    body: dict[str, Any] = {
        "preset": "private_chat",
        "visibility": "private",
        "name": "Team",
        "topic": "Wunden",
        "initial_state": [
            initial("m.room.guest_access", {"guest_access": "can_join"}),
            initial("m.room.encryption", MEGOLM),
            initial("m.room.history_visibility", {"history_visibility": "shared"}),
        ],
        "power_level_content_override": {"events": {"org.matrix.msc3401.call.member": 0}},
    }
    room_id = await new_room(user, **body)
    await assert_private(user, room_id, history="shared")
    assert (await state_of(user, room_id, "m.room.name"))["name"] == "Team"
    assert (await state_of(user, room_id, "m.room.topic"))["topic"] == "Wunden"


@pytest.mark.parametrize(("host", "guest"), [(PRAXIS, PFLEGE), ("alte-praxis.tim.test", PRAXIS), (EPAS[0], PRAXIS)])
async def test_elements_direct_chat(new_user: NewUser, host: str, guest: str) -> None:
    user, other = await new_user(host), await new_user(guest)
    body = {
        "preset": "trusted_private_chat",
        "visibility": "private",
        "invite": [other.user_id],
        "is_direct": True,
        "initial_state": [
            initial("m.room.guest_access", {"guest_access": "can_join"}),
            initial("m.room.encryption", MEGOLM),
        ],
    }
    room_id = await new_room(user, **body)
    await assert_private(user, room_id)
    levels = await state_of(user, room_id, "m.room.power_levels")
    assert levels["users"] == {user.user_id: 100, other.user_id: 100}
    assert room_id in await invitations_of(other)
    assert (await join(other, room_id)).status == 200


@pytest.mark.requirement("A_25323-01")
async def test_private_rooms_on_workers(new_user_both: NewUser) -> None:
    user = await new_user_both(PRAXIS)
    await assert_private(user, await new_room(user))
    await no_room(user, UNSUPPORTED_VERSION, room_version="11")
    await no_room(user, FORBIDDEN, initial_state=[initial("m.room.encryption", {})])
    await no_room(user, BAD_JSON, name="\ud800")


@pytest.mark.requirement("A_26338-02")
@pytest.mark.parametrize("server_name", ALL)
async def test_tim_names_and_topics_arrive_at_the_invitee(new_user: NewUser, server_name: str) -> None:
    user, nurse = await new_user(server_name), await new_user(PFLEGE)
    names = {
        "m.room.name": {"name": "Team"},
        "de.gematik.tim.room.name": {"name": "Team"},
        "m.room.topic": {"topic": "Wunden"},
        "de.gematik.tim.room.topic": {"topic": "Wunden"},
        "de.gematik.tim.room.default.v1": {},
    }
    body = {"initial_state": [initial(event_type, content) for event_type, content in names.items()]}
    room_id = await new_room(user, **body, invite=[nurse.user_id])
    assert (await join(nurse, room_id)).status == 200
    for member in (user, nurse):
        for event_type, content in names.items():
            assert await state_of(member, room_id, event_type) == content


@pytest.mark.requirement("A_26202")
@pytest.mark.parametrize("server_name", ALL)
async def test_room_versions(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    for version in ("1", "8", "11", "12", "nonsense"):
        await no_room(user, UNSUPPORTED_VERSION, rulebook, room_version=version)
    for version in ("9", "10"):
        room_id = await new_room(user, room_version=version)
        assert (await state_of(user, room_id, "m.room.create"))["room_version"] == version


@pytest.mark.requirement("A_28596")
async def test_rooms_of_type_v2_are_not_created_in_1_2(rulebook: Sandbox, new_user: NewUser) -> None:
    for server_name in (PROS[0], EPAS[0]):
        await no_room(await new_user(server_name), BAD_JSON, rulebook, creation_content={"type": V2})
    for server_name in (PROS[1], EPAS[1]):
        user = await new_user(server_name)
        room_id = await new_room(user, creation_content={"type": V2})
        assert (await state_of(user, room_id, "m.room.create"))["type"] == V2


@pytest.mark.requirement("A_28595")
async def test_a_room_of_type_v2_is_received_from_a_server_that_makes_them(new_user: NewUser) -> None:
    host, guest = await new_user(PROS[1]), await new_user(PRAXIS)
    name = initial("m.room.name", {"name": "Team"})
    room_id = await new_room(host, creation_content={"type": V2}, initial_state=[name], invite=[guest.user_id])
    assert (await join(guest, room_id)).status == 200
    assert (await state_of(guest, room_id, "m.room.create"))["type"] == V2
    assert await state_of(guest, room_id, "m.room.name") == {"name": "Team"}


@pytest.mark.requirement("A_25368-01")
@pytest.mark.parametrize("server_name", ALL)
async def test_one_invitee(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    first, second = await new_user(PRAXIS), await new_user(PFLEGE)
    await no_room(user, FORBIDDEN, rulebook, invite=[first.user_id, second.user_id])
    assert await invitations_of(first) == set()
    room_id = await new_room(user, invite=[first.user_id])
    assert (await invite(user, room_id, second.user_id)).status == 200


@pytest.mark.requirement("A_25324-01")
@pytest.mark.parametrize("server_name", ALL)
@pytest.mark.parametrize("content", [{}, {"algorithm": "none"}, {"algorithm": 7}])
async def test_a_private_room_without_encryption_is_refused(
    rulebook: Sandbox, new_user: NewUser, server_name: str, content: dict[str, Any]
) -> None:
    await no_room(
        await new_user(server_name), FORBIDDEN, rulebook, initial_state=[initial("m.room.encryption", content)]
    )


@pytest.mark.requirement("A_26015-02")
@pytest.mark.requirement("A_25325-01")
@pytest.mark.parametrize("body", PUBLIC)
async def test_public_rooms_are_for_professionals(rulebook: Sandbox, new_user: NewUser, body: dict[str, Any]) -> None:
    for server_name in EPAS:
        await no_room(await new_user(server_name), FORBIDDEN, rulebook, **body)
    for server_name in PROS:
        user = await new_user(server_name)
        await assert_public(user, await new_room(user, **body, creation_content={"m.federate": True}))


@pytest.mark.requirement("A_26515-01")
async def test_colleagues_find_a_public_room_and_walk_in_and_others_do_not(new_user_both: NewUser) -> None:
    doctor, colleague = await new_user_both(PRAXIS), await new_user_both(PRAXIS)
    nurse = await new_user_both(PFLEGE)
    alias = f"aushang-{uuid4().hex[:8]}"
    room_id = await new_room(doctor, preset="public_chat", visibility="public", name="Aushang", room_alias_name=alias)
    await assert_public(doctor, room_id)
    assert await is_listed(colleague, room_id)
    assert (await join(nurse, room_id, PRAXIS)).status == 403
    assert (await join(nurse, f"#{alias}:{PRAXIS}")).status == 403
    assert (await join(colleague, f"#{alias}:{PRAXIS}")).status == 200
    invited = await invite(doctor, room_id, nurse.user_id)
    assert invited.status == 403, invited


@pytest.mark.requirement("A_25325-01")
async def test_who_reads_a_public_room(new_user: NewUser) -> None:
    doctor, passer_by = await new_user(PRAXIS), await new_user(PRAXIS)
    for events, status in (([], 403), ([WORLD_READABLE], 200)):
        room_id = await new_room(doctor, preset="public_chat", initial_state=events)
        await say(doctor, room_id, "hallo")
        read = await passer_by.request("GET", f"/_matrix/client/v3/rooms/{quote(room_id)}/messages?dir=b")
        assert read.status == status, read


@pytest.mark.requirement("A_26515-01")
async def test_a_public_room_invites_from_its_own_server(rulebook: Sandbox, new_user: NewUser) -> None:
    doctor, colleague, nurse = await new_user(PRAXIS), await new_user(PRAXIS), await new_user(PFLEGE)
    for body in ({"preset": "public_chat"}, {"creation_content": {"m.federate": False}}):
        await no_room(doctor, FORBIDDEN, rulebook, **body, invite=[nurse.user_id])
    room_id = await new_room(doctor, preset="public_chat", invite=[colleague.user_id])
    assert room_id in await invitations_of(colleague)


async def test_a_public_room_is_not_encrypted(rulebook: Sandbox, new_user: NewUser) -> None:
    body = {"preset": "public_chat", "initial_state": [initial("m.room.encryption", MEGOLM)]}
    await no_room(await new_user(PRAXIS), FORBIDDEN, rulebook, **body)


@pytest.mark.requirement("A_25481")
@pytest.mark.parametrize(("server_name", "expected"), [(PROS[0], INVALID_STATE), (PROS[1], INVALID_STATE)])
async def test_a_federated_room_is_not_open_to_the_world(
    rulebook: Sandbox, new_user: NewUser, server_name: str, expected: tuple[int, str]
) -> None:
    user = await new_user(server_name)
    await no_room(user, expected, rulebook, initial_state=[WORLD_READABLE])


@pytest.mark.requirement("A_26015-02")
@pytest.mark.parametrize("server_name", EPAS)
async def test_insured_persons_open_nothing(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    await no_room(user, FORBIDDEN, rulebook, initial_state=[WORLD_READABLE])
    for rule in ("knock", "restricted", "knock_restricted"):
        await no_room(user, FORBIDDEN, rulebook, initial_state=[initial("m.room.join_rules", {"join_rule": rule})])
    await no_room(user, FORBIDDEN, rulebook, room_alias_name="frau-muster")


@pytest.mark.requirement("TIM_ROOM_POWER")
@pytest.mark.parametrize("server_name", ALL)
async def test_power_levels_that_disarm_are_refused(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    for levels in ({"state_default": 0}, {"users_default": 100}, {"events": {"m.room.join_rules": 0}}):
        await no_room(user, FORBIDDEN, rulebook, power_level_content_override=levels)


CONTRADICTORY: list[dict[str, Any]] = [
    {"visibility": "public", "preset": "private_chat"},
    {"preset": "private_chat", "initial_state": [JOIN_PUBLIC]},
    {"initial_state": [initial("org.example", {}), initial("org.example", {"a": 1})]},
    {"initial_state": [initial("m.room.power_levels", {"users": {}})]},
    {"power_level_content_override": {"events": {"m.room.encryption": 101, "m.room.join_rules": 50}}},
]
MALFORMED: list[dict[str, Any]] = [
    {"name": None},
    {"name": "a\0b"},
    {"topic": "\udc00"},
    {"is_direct": "yes"},
    {"preset": {}},
    {"visibility": "everybody"},
    {"room_version": 10},
    {"room_alias_name": 7},
    {"room_alias_name": "a" * 255},
    {"room_alias_name": "a\0"},
    {"creation_content": None},
    {"creation_content": {"m.federate": "no"}},
    {"creation_content": {"org.example": 0.5}},
    {"power_level_content_override": {"users": {"nobody": 1}}},
    {"power_level_content_override": []},
    {"initial_state": [initial("m.room.create", {})]},
    {"initial_state": [initial("m.room.member", {"membership": "ban"}, "@x:fremd.test")]},
    {"initial_state": [initial("org.example", {}, "@x:fremd.test")]},
    {"initial_state": [initial("org.example", {"a": 2**60})]},
    {"initial_state": [initial("org.example", {"m.relates_to": {"rel_type": "m.reference", "event_id": "$x"}})]},
    {"initial_state": [initial("m.room.server_acl", {"allow": "*"})]},
    {"initial_state": [{"type": "org.example", "content": {}, "state_key": None}]},
]


@pytest.mark.parametrize("body", CONTRADICTORY)
async def test_a_contradiction_makes_no_room(rulebook: Sandbox, new_user: NewUser, body: dict[str, Any]) -> None:
    await no_room(await new_user(PRAXIS), INVALID_STATE, rulebook, **body)


@pytest.mark.parametrize("body", MALFORMED)
async def test_a_malformed_request_makes_no_room(rulebook: Sandbox, new_user: NewUser, body: dict[str, Any]) -> None:
    await no_room(await new_user(PRAXIS), BAD_JSON, rulebook, **body)


async def test_what_is_too_large_or_too_deep_makes_no_room(rulebook: Sandbox, new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    deep: Any = {}
    for _ in range(200):
        deep = {"a": deep}
    await no_room(user, BAD_JSON, rulebook, creation_content={"org.example": deep})
    await no_room(user, TOO_LARGE, rulebook, topic="x" * 40_000)
    await no_room(user, TOO_LARGE, rulebook, initial_state=[initial("org.example", {"a": "ü" * 30_000})])
    many = [initial("org.example", {}, str(number)) for number in range(101)]
    await no_room(user, TOO_LARGE, rulebook, initial_state=many)


async def test_the_largest_room_that_passes_is_made(new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    events = [initial("org.example", {"a": "x" * 49_000}), initial("org.example", {}, "y" * 255)]
    room_id = await new_room(user, initial_state=events, name="x" * 49_000, topic="y" * 24_000)
    await assert_private(user, room_id)


async def test_a_taken_address_makes_no_room(rulebook: Sandbox, new_user: NewUser) -> None:
    user, alias = await new_user(PRAXIS), f"einmal-{uuid4().hex[:8]}"
    await new_room(await new_user(PRAXIS), preset="public_chat", room_alias_name=alias)
    await no_room(user, (400, "M_ROOM_IN_USE"), rulebook, preset="public_chat", room_alias_name=alias)


@pytest.mark.requirement("A_25324-01")
@pytest.mark.parametrize("server_name", [PROS[0], EPAS[0]])
async def test_a_server_admin_is_judged_like_everybody(rulebook: Sandbox, server_name: str) -> None:
    name = f"admin-{uuid4().hex[:8]}"
    admin = await rulebook.homeserver(server_name).new_user(name, "password", is_admin=True)
    await no_room(admin, UNSUPPORTED_VERSION, rulebook, room_version="11")
    await no_room(admin, FORBIDDEN, rulebook, initial_state=[initial("m.room.encryption", {})])
    await assert_private(admin, await new_room(admin))


async def test_an_admin_who_closes_a_room_moves_its_members_to_a_room_that_follows_the_rules(
    rulebook: Sandbox, new_user: NewUser
) -> None:
    """Synapse creates the other room by itself, as a public one."""
    admin = await rulebook.homeserver(PRAXIS).new_user(f"admin-{uuid4().hex[:8]}", "password", is_admin=True)
    doctor = await new_user(PRAXIS)
    room_id = await new_room(doctor)
    body = {"new_room_user_id": admin.user_id, "room_name": "Geschlossen"}
    closed = await admin.request("DELETE", f"/_synapse/admin/v1/rooms/{quote(room_id)}", body)
    assert closed.status == 200, closed
    await assert_public(admin, closed.body["new_room_id"])
    assert (await put_state(admin, closed.body["new_room_id"], "m.room.name", {"name": "x"})).status == 200


async def test_creating_twice_makes_the_same_room(new_user: NewUser) -> None:
    user = await new_user(PRAXIS)
    path = f"/_matrix/client/v3/createRoom/{uuid4().hex}"
    first, second = await user.request("PUT", path, {"name": "x"}), await user.request("PUT", path, {"name": "x"})
    assert first.status == 200, first
    assert first.body == second.body
    assert (await create_room(user, room_version="7")).status == 400
