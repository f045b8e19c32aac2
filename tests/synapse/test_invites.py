"""S1, S1b and S2 on every way an invite can take, on real homeservers that federate."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.synapse.invite_paths import EVERY_PATH, InvitePath, assert_refused, by_create_room, by_invite
from tests.synapse.matrix import create_room, invitations_of, new_room, rooms_of, set_permission
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]

PRAXIS, PFLEGE, FREMD = "praxis.tim.test", "pflege.tim.test", "fremd.test"
BLOCK_ALL: dict[str, Any] = {"defaultSetting": "block all"}


@EVERY_PATH
@pytest.mark.parametrize(("inviter", "invitee"), [(PFLEGE, PRAXIS), (PRAXIS, PFLEGE), (PRAXIS, PRAXIS)])
async def test_members_of_the_federation_invite_each_other(
    new_user: NewUser, path: InvitePath, inviter: str, invitee: str
) -> None:
    guest = await new_user(invitee)
    answer = await path(await new_user(inviter), guest.user_id)
    assert answer.status == 200, answer
    assert len(await invitations_of(guest)) == 1


@EVERY_PATH
@pytest.mark.requirement("A_25534")
async def test_nobody_invites_an_outsider(new_user: NewUser, path: InvitePath) -> None:
    outsider = await new_user(FREMD)
    answer = await path(await new_user(PRAXIS), outsider.user_id)
    assert_refused(answer)
    assert answer.body["error"] == "Diese Organisation gehört nicht zur TI-Föderation."
    assert await invitations_of(outsider) == set()


@EVERY_PATH
@pytest.mark.requirement("A_25534")
async def test_an_outsider_invites_nobody(new_user: NewUser, path: InvitePath) -> None:
    doctor = await new_user(PRAXIS)
    answer = await path(await new_user(FREMD), doctor.user_id)
    assert answer.status >= 400, answer
    assert await invitations_of(doctor) == set()


@EVERY_PATH
@pytest.mark.requirement("A_26021-01")
@pytest.mark.parametrize("inviter", [PFLEGE, PRAXIS])
async def test_who_blocks_all_is_not_reached_until_she_adds_an_exception(
    new_user: NewUser, path: InvitePath, inviter: str
) -> None:
    doctor, nurse = await new_user(PRAXIS), await new_user(inviter)
    await set_permission(doctor, BLOCK_ALL)
    assert_refused(await path(nurse, doctor.user_id))
    assert await invitations_of(doctor) == set()
    await set_permission(doctor, BLOCK_ALL | {"userExceptions": {nurse.user_id: {}}})
    assert (await path(nurse, doctor.user_id)).status == 200


@pytest.mark.requirement("A_26021-01")
async def test_who_blocks_all_may_still_invite_others(new_user: NewUser) -> None:
    doctor, nurse = await new_user(PRAXIS), await new_user(PFLEGE)
    await set_permission(doctor, BLOCK_ALL)
    assert (await by_invite(doctor, nurse.user_id)).status == 200


@pytest.mark.requirement("A_26021-01")
async def test_the_own_server_may_be_an_exception(new_user: NewUser) -> None:
    doctor, colleague, nurse = await new_user(PRAXIS), await new_user(PRAXIS), await new_user(PFLEGE)
    await set_permission(doctor, BLOCK_ALL | {"serverExceptions": {PRAXIS: {}}})
    assert (await by_invite(colleague, doctor.user_id)).status == 200
    assert_refused(await by_invite(nurse, doctor.user_id))


@pytest.mark.requirement("A_26390")
async def test_an_unreadable_configuration_denies_and_is_not_overwritten(new_user: NewUser) -> None:
    doctor, nurse = await new_user(PRAXIS), await new_user(PFLEGE)
    broken = {"defaultSetting": "allow everybody"}
    await set_permission(doctor, broken)
    assert_refused(await by_invite(nurse, doctor.user_id))
    data_type = "de.gematik.tim.account.permissionconfig.pro.v1"
    stored = await doctor.request("GET", f"/_matrix/client/v3/user/{quote(doctor.user_id)}/account_data/{data_type}")
    assert stored.body == broken


@pytest.mark.requirement("A_25044")
async def test_the_older_account_data_type_counts_where_the_newer_is_absent(new_user: NewUser) -> None:
    doctor, nurse = await new_user(PRAXIS), await new_user(PFLEGE)
    await set_permission(doctor, BLOCK_ALL, "de.gematik.tim.account.permissionconfig.v1")
    assert_refused(await by_invite(nurse, doctor.user_id))
    await set_permission(doctor, {"defaultSetting": "allow all"})
    assert (await by_invite(nurse, doctor.user_id)).status == 200


@EVERY_PATH
@pytest.mark.requirement("A_25534")
async def test_a_server_admin_is_judged_like_everybody(
    federation: Sandbox, new_user: NewUser, path: InvitePath
) -> None:
    admin = await federation.homeserver(PRAXIS).new_user(f"admin-{uuid4().hex[:8]}", "password", is_admin=True)
    outsider, doctor = await new_user(FREMD), await new_user(PRAXIS)
    await set_permission(doctor, BLOCK_ALL)
    assert_refused(await path(admin, outsider.user_id))
    assert_refused(await path(admin, doctor.user_id))


@pytest.mark.requirement("A_26021-01")
async def test_the_admin_api_cannot_put_a_blocking_user_into_a_room(federation: Sandbox, new_user: NewUser) -> None:
    admin = await federation.homeserver(PRAXIS).new_user(f"admin-{uuid4().hex[:8]}", "password", is_admin=True)
    doctor = await new_user(PRAXIS)
    await set_permission(doctor, BLOCK_ALL)
    room_id = await new_room(admin)
    answer = await admin.request("POST", f"/_synapse/admin/v1/join/{quote(room_id)}", {"user_id": doctor.user_id})
    assert_refused(answer)
    assert room_id not in await rooms_of(doctor)


@pytest.mark.requirement("A_25534")
async def test_a_refused_createroom_leaves_no_room_behind(new_user: NewUser) -> None:
    doctor, nurse, outsider = await new_user(PRAXIS), await new_user(PFLEGE), await new_user(FREMD)
    assert_refused(await create_room(doctor, invite=[nurse.user_id, outsider.user_id]))
    assert await rooms_of(doctor) == set()
    assert await invitations_of(nurse) == set()


@pytest.mark.parametrize(
    "body",
    [
        {"invite": "not an array"},
        {"invite": None},
        {"invite": [None]},
        {"invite": ["nonsense"]},
        {"invite": {"@a:praxis.tim.test": {}}},
        {"invite_3pid": 7},
        {
            "initial_state": [
                {"type": "m.room.member", "state_key": "@a:fremd.test", "content": {"membership": "invite"}}
            ]
        },
        {"initial_state": "x"},
    ],
)
async def test_a_malformed_createroom_is_a_bad_request_and_no_room(new_user: NewUser, body: dict[str, Any]) -> None:
    doctor = await new_user(PRAXIS)
    answer = await create_room(doctor, **body)
    assert (answer.status, answer.body["errcode"]) == (400, "M_BAD_JSON"), answer
    assert await rooms_of(doctor) == set()


@pytest.mark.parametrize("body", [[], "text", 7, None])
async def test_a_createroom_that_is_no_object_is_a_bad_request(new_user: NewUser, body: Any) -> None:
    answer = await (await new_user(PRAXIS)).request("POST", "/_matrix/client/v3/createRoom", body)
    assert answer.status == 400, answer


async def test_invites_by_mail_address_are_refused(new_user: NewUser) -> None:
    doctor = await new_user(PRAXIS)
    by_mail = {"medium": "email", "address": "a@example.org", "id_server": "id.example.org", "id_access_token": "x"}
    assert_refused(await create_room(doctor, invite_3pid=[by_mail]))
    assert await rooms_of(doctor) == set()
    room_id = quote(await new_room(doctor))
    assert_refused(await doctor.request("POST", f"/_matrix/client/v3/rooms/{room_id}/invite", by_mail))
    token = {"display_name": "a", "key_validity_url": "https://id.example.org/", "public_key": "x"}
    path = f"/_matrix/client/v3/rooms/{room_id}/state/m.room.third_party_invite/token"
    assert_refused(await doctor.request("PUT", path, token))


@pytest.fixture
async def insurers(federation: Sandbox) -> AsyncIterator[Sandbox]:
    """Both members belong to insurers while a test runs."""
    before = {entry["domain"]: entry for entry in await federation.vzd.domains()}
    ik_numbers = {PRAXIS: ["101575519"], PFLEGE: ["109500969"]}
    for domain, ik_number in ik_numbers.items():
        await federation.vzd.change_domain({**before[domain], "isInsurance": True, "ik": ik_number})
    await federation.list_adopted()
    yield federation
    for domain in ik_numbers:
        await federation.vzd.change_domain(before[domain])
    await federation.list_adopted()


@pytest.mark.requirement("AF_10233")
@pytest.mark.requirement("A_25705")
@pytest.mark.usefixtures("insurers")
@pytest.mark.parametrize(("inviter", "invitee"), [(PFLEGE, PRAXIS), (PRAXIS, PRAXIS)])
async def test_insured_do_not_invite_insured_even_when_excepted(new_user: NewUser, inviter: str, invitee: str) -> None:
    guest, host = await new_user(invitee), await new_user(inviter)
    await set_permission(guest, BLOCK_ALL | {"userExceptions": {host.user_id: {}}})
    for path in (by_invite, by_create_room):
        answer = await path(host, guest.user_id)
        assert_refused(answer)
        assert answer.body["error"] == "Versicherte können andere Versicherte nicht einladen."


@pytest.mark.requirement("A_25534")
async def test_a_server_that_leaves_the_list_is_refused_and_admitted_again(
    federation: Sandbox, new_user: NewUser
) -> None:
    doctor, nurse = await new_user(PRAXIS), await new_user(PFLEGE)
    entry = next(entry for entry in await federation.vzd.domains() if entry["domain"] == PFLEGE)
    await federation.vzd.remove_domain(PFLEGE)
    try:
        await federation.list_adopted()
        assert_refused(await by_invite(doctor, nurse.user_id))
        assert_refused(await by_invite(nurse, doctor.user_id))
    finally:
        await federation.vzd.add_domain(entry)
        await federation.list_adopted()
    assert (await by_invite(nurse, doctor.user_id)).status == 200
