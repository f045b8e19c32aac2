"""Invites beside the table: who does not exist, direct chats, second attempts, other servers' requests."""

from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.rulebook.conftest import NewUser
from tests.synapse.invite_paths import EVERY_PATH, InvitePath, assert_refused
from tests.synapse.malicious_server import MaliciousServer
from tests.synapse.matrix import (
    EPA_PERMISSION_CONFIG,
    create_room,
    invitations_of,
    invite,
    join,
    leave,
    new_room,
    rooms_of,
    sees_leave,
    set_account_data,
    set_permission,
)
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

PRAXIS, PFLEGE, ALTE_PRAXIS = "praxis.tim.test", "pflege.tim.test", "alte-praxis.tim.test"
KASSE, ALTE_KASSE = "kasse.tim.test", "alte-kasse.tim.test"
EVERY_PROFILE = pytest.mark.parametrize("server_name", [PRAXIS, ALTE_PRAXIS, KASSE, ALTE_KASSE])
BLOCK, ALLOW = {"defaultSetting": "block all"}, {"defaultSetting": "allow all"}


@EVERY_PROFILE
@EVERY_PATH
@pytest.mark.requirement("AF_10104-03")
async def test_nobody_invites_herself_or_a_name_without_account(
    new_user: NewUser, server_name: str, path: InvitePath
) -> None:
    user = await new_user(server_name)
    for invitee in (user.user_id, f"@nobody-{uuid4().hex[:8]}:{server_name}"):
        before = await rooms_of(user)
        assert_refused(await path(user, invitee))
        created = await rooms_of(user) - before
        assert len(created) == (0 if path.__name__ == "by_create_room" else 1)


@pytest.mark.requirement("AF_10104-03")
async def test_a_name_without_account_looks_like_somebody_who_blocks(new_user: NewUser) -> None:
    nurse, doctor = await new_user(PFLEGE), await new_user(PRAXIS)
    await set_permission(doctor, BLOCK)
    room_id = await new_room(nurse)
    blocked = await invite(nurse, room_id, doctor.user_id)
    missing = await invite(nurse, room_id, f"@nobody-{uuid4().hex[:8]}:{PRAXIS}")
    assert_refused(blocked)
    assert missing == blocked


@pytest.mark.requirement("AF_10104-03")
async def test_a_deactivated_account_is_not_invited(rulebook: Sandbox, new_user: NewUser) -> None:
    nurse, colleague = await new_user(PFLEGE), await new_user(PRAXIS)
    gone = await rulebook.homeserver(PRAXIS).new_user(f"gone-{uuid4().hex[:8]}", "password")
    auth = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": gone.user_id},
        "password": "password",
    }
    answer = await gone.request("POST", "/_matrix/client/v3/account/deactivate", {"auth": auth})
    assert answer.status == 200, answer
    for inviter in (nurse, colleague):
        assert_refused(await invite(inviter, await new_room(inviter), gone.user_id))


@pytest.mark.requirement("A_26021-01")
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize("blocks", [True, False])
async def test_the_invitees_server_answers_403_to_the_inviters_server(
    rulebook: Sandbox, new_user: NewUser, version: str, blocks: bool
) -> None:
    nurse, doctor = await new_user(PFLEGE), await new_user(PRAXIS)
    await set_permission(doctor, BLOCK if blocks else ALLOW)
    server = MaliciousServer(PFLEGE, rulebook.layout.homeserver(PFLEGE) / "signing.key", rulebook.http)
    if version == "v1":  # knows nothing but the oldest rooms
        room_version, event = "1", server.loose_invite_event(nurse, doctor.user_id)
    else:
        room_id = await new_room(nurse, room_version="10")
        room_version, event = "10", await server.invite_event(nurse, room_id, doctor.user_id)
    url = rulebook.homeserver(PRAXIS).client_url
    status, body = await server.invite(PRAXIS, url, event, room_version, version)
    if blocks:
        assert (status, body["errcode"]) == (403, "M_FORBIDDEN"), body
    else:
        assert status == 200, body
    assert await invitations_of(doctor) == (set() if blocks else {event["room_id"]})


@pytest.mark.requirement("A_25705")
@pytest.mark.parametrize("invitee_server", [KASSE, ALTE_KASSE])
async def test_the_invitees_server_refuses_insured_to_insured_by_itself(
    rulebook: Sandbox, new_user: NewUser, invitee_server: str
) -> None:
    """The inviter's homeserver refuses first; here it does not, since its operator writes the invite by hand."""
    other = ALTE_KASSE if invitee_server == KASSE else KASSE
    inviter, invitee = await new_user(other), await new_user(invitee_server)
    await set_permission(invitee, BLOCK | {"userExceptions": {inviter.user_id: {}}}, EPA_PERMISSION_CONFIG)
    room_id = await new_room(inviter, room_version="10")
    server = MaliciousServer(other, rulebook.layout.homeserver(other) / "signing.key", rulebook.http)
    event = await server.invite_event(inviter, room_id, invitee.user_id)
    status, body = await server.invite(
        invitee_server, rulebook.homeserver(invitee_server).client_url, event, "10", "v2"
    )
    assert (status, body["errcode"]) == (403, "M_FORBIDDEN")
    assert body["error"] == "Versicherte können andere Versicherte nicht einladen."
    assert await invitations_of(invitee) == set()


async def direct_chat(creator: MatrixUser, other: MatrixUser, *, by: str) -> str:
    """A joined direct chat; what tells that it is one is the invite's flag, or one side's account data."""
    room_id = await new_room(creator, invite=[other.user_id], is_direct=by == "invite")
    assert (await join(other, room_id)).status == 200
    if by != "invite":
        owner, partner = (creator, other) if by == "creator" else (other, creator)
        await set_account_data(owner, "m.direct", {partner.user_id: [room_id]})
    return room_id


@pytest.mark.requirement("TI-M_11X_0707")
@pytest.mark.parametrize("by", ["invite", "creator", "partner"])
async def test_1_1_keeps_a_third_person_out_of_a_direct_chat(new_user: NewUser, by: str) -> None:
    doctor, colleague, third = [await new_user(ALTE_PRAXIS) for _ in range(3)]
    nurse = await new_user(PFLEGE)
    room_id = await direct_chat(doctor, colleague, by=by)
    for invitee in (third, nurse):
        answer = await invite(doctor, room_id, invitee.user_id)
        assert_refused(answer)
        assert answer.body["error"].startswith("In ein Zweiergespräch")
    ordinary = await new_room(doctor, invite=[colleague.user_id])
    assert (await invite(doctor, ordinary, third.user_id)).status == 200


@pytest.mark.requirement("TI-M_11X_0707")
async def test_1_1_knows_a_direct_chat_after_a_change_of_names_and_before_the_partner_joined(new_user: NewUser) -> None:
    doctor, colleague, third = [await new_user(ALTE_PRAXIS) for _ in range(3)]
    room_id = await new_room(doctor, invite=[colleague.user_id], is_direct=True)
    assert_refused(await invite(doctor, room_id, third.user_id))
    assert (await join(colleague, room_id)).status == 200
    path = f"/_matrix/client/v3/rooms/{quote(room_id)}/state/m.room.member/{quote(colleague.user_id)}"
    changed = await colleague.request("PUT", path, {"membership": "join", "displayname": "Dr. Neu"})
    assert changed.status == 200, changed
    assert_refused(await invite(doctor, room_id, third.user_id))
    await leave(colleague, room_id)
    assert (await invite(doctor, room_id, colleague.user_id)).status == 200, "the partner may come back"


@pytest.mark.requirement("TI-M_11X_0707")
async def test_1_1_judges_an_invite_into_a_direct_chat_that_another_server_makes(new_user: NewUser) -> None:
    nurse, doctor, third = await new_user(PFLEGE), await new_user(ALTE_PRAXIS), await new_user(ALTE_PRAXIS)
    for user in (doctor, third):
        await set_permission(user, ALLOW)
    room_id = await new_room(nurse, invite=[doctor.user_id], is_direct=True)
    assert (await join(doctor, room_id, PFLEGE)).status == 200
    assert_refused(await invite(nurse, room_id, third.user_id))
    assert await invitations_of(third) == set()


@pytest.mark.requirement("A_26021-01")
@pytest.mark.parametrize(("blocks", "status"), [(False, 200), (True, 403)])
async def test_1_2_lets_the_third_person_decide(new_user: NewUser, blocks: bool, status: int) -> None:
    doctor, nurse, third = await new_user(PRAXIS), await new_user(PFLEGE), await new_user(PFLEGE)
    room_id = await direct_chat(doctor, nurse, by="invite")
    if blocks:
        await set_permission(third, BLOCK)
    answer = await invite(doctor, room_id, third.user_id)
    assert answer.status == status, answer
    assert answer.body.get("errcode") == ("M_FORBIDDEN" if blocks else None)


@EVERY_PROFILE
@pytest.mark.requirement("A_26021-01")
async def test_a_second_invite_after_leaving_and_forgetting_is_judged_anew(new_user: NewUser, server_name: str) -> None:
    inviter_server = PRAXIS if server_name in (KASSE, ALTE_KASSE) else server_name
    data_type = EPA_PERMISSION_CONFIG if server_name in (KASSE, ALTE_KASSE) else None
    types = (data_type,) if data_type else ()
    host, guest = await new_user(inviter_server), await new_user(server_name)
    await set_permission(guest, ALLOW, *types)
    room_id = await new_room(host, invite=[guest.user_id])
    assert (await join(guest, room_id, inviter_server)).status == 200
    await leave(guest, room_id)
    forgotten = await guest.request("POST", f"/_matrix/client/v3/rooms/{quote(room_id)}/forget", {})
    assert forgotten.status == 200, forgotten
    await sees_leave(host, room_id, guest.user_id)
    await set_permission(guest, BLOCK, *types)
    assert_refused(await invite(host, room_id, guest.user_id))
    await set_permission(guest, ALLOW, *types)
    assert (await invite(host, room_id, guest.user_id)).status == 200
    assert await invitations_of(guest) == {room_id}


@pytest.mark.requirement("A_26021-01")
async def test_who_knocks_is_invited_if_she_admits_it(new_user: NewUser) -> None:
    doctor, colleague = await new_user(PRAXIS), await new_user(PRAXIS)
    room_id = await new_room(doctor)
    knocking = f"/_matrix/client/v3/rooms/{quote(room_id)}/state/m.room.join_rules"
    ruled = await doctor.request("PUT", knocking, {"join_rule": "knock"})
    assert ruled.status == 200, ruled
    knocked = await colleague.request("POST", f"/_matrix/client/v3/knock/{quote(room_id)}", {})
    assert knocked.status == 200, knocked
    await set_permission(colleague, BLOCK)
    assert_refused(await invite(doctor, room_id, colleague.user_id))
    await set_permission(colleague, ALLOW)
    assert (await invite(doctor, room_id, colleague.user_id)).status == 200


@pytest.mark.requirement("A_25704")
async def test_two_insured_may_meet_in_a_room_where_a_professional_invites(new_user: NewUser) -> None:
    first, doctor, second = await new_user(KASSE), await new_user(PRAXIS), await new_user(KASSE)
    room_id = await new_room(first, invite=[doctor.user_id])
    assert (await join(doctor, room_id, KASSE)).status == 200
    levels = f"/_matrix/client/v3/rooms/{quote(room_id)}/state/m.room.power_levels"
    content = (await first.request("GET", levels)).body
    content["users"][doctor.user_id] = 50
    assert (await first.request("PUT", levels, content)).status == 200
    assert_refused(await invite(first, room_id, second.user_id))
    answer = await invite(doctor, room_id, second.user_id)
    assert answer.status == 200, answer
    assert (await join(second, room_id)).status == 200


@EVERY_PROFILE
@pytest.mark.requirement("A_26021-01")
async def test_a_server_admin_is_judged_like_everybody(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    admin = await rulebook.homeserver(server_name).new_user(f"admin-{uuid4().hex[:8]}", "password", is_admin=True)
    doctor = await new_user(PFLEGE)
    await set_permission(doctor, BLOCK)
    assert_refused(await create_room(admin, invite=[doctor.user_id]))
    assert_refused(await invite(admin, await new_room(admin), doctor.user_id))


@pytest.mark.requirement("A_26021-01")
async def test_a_change_counts_at_once_in_every_process(new_user_both: NewUser) -> None:
    """The account data is written by one process, the invites are judged by others."""
    doctor, colleague, nurse = await new_user_both(PRAXIS), await new_user_both(PRAXIS), await new_user_both(PFLEGE)
    rooms = [(inviter, await new_room(inviter)) for inviter in (colleague, nurse)]
    for _ in range(3):
        await set_permission(doctor, BLOCK)
        for inviter, room_id in rooms:
            assert_refused(await invite(inviter, room_id, doctor.user_id))
        await set_permission(doctor, ALLOW)
        for inviter, room_id in rooms:
            answer = await invite(inviter, room_id, doctor.user_id)
            assert answer.status == 200, answer
            await leave(doctor, room_id)
