"""1.1 on workers and PostgreSQL: contact lists, direct chats, and every process offers the interfaces."""

import time
from typing import Any

import pytest

from tests.rulebook.conftest import creator
from tests.rulebook.interfaces import openid_token
from tests.synapse.invite_paths import assert_refused
from tests.synapse.matrix import invitations_of, invite, join, leave, new_room, set_account_data
from tim_sandbox.homeserver_client import Answer, HomeserverClient, MatrixUser
from tim_sandbox.running import Sandbox

SERVER, PFLEGE = "alte-praxis.tim.test", "pflege.tim.test"
CONTACTS = "/tim-contact-mgmt/v1.0.2/contacts"

pytestmark = pytest.mark.xdist_group("workers")


async def call(
    sandbox: Sandbox, process: HomeserverClient, request: str, user: MatrixUser, token: str, body: Any = None
) -> Answer:
    method, path = request.split(" ", 1)
    headers = {"Authorization": f"Bearer {token}", "Mxid": user.user_id}
    async with sandbox.http.request(method, process.client_url + path, json=body, headers=headers) as response:
        is_json = response.content_type == "application/json"
        return Answer(response.status, await response.json() if is_json else None)


@pytest.mark.requirement("AF_10061")
@pytest.mark.requirement("I_TiMessengerContactManagement")
async def test_an_entry_counts_at_once_whichever_process_stored_it(old_practice_on_workers: Sandbox) -> None:
    sandbox, new_user = old_practice_on_workers, creator(old_practice_on_workers)
    doctor, nurse = await new_user(SERVER), await new_user(PFLEGE)
    token, room_id = await openid_token(doctor), await new_room(nurse)
    now = int(time.time())
    entry = {"displayName": "Berger, Anna", "mxid": nurse.user_id, "inviteSettings": {"start": now - 60}}
    later = entry | {"inviteSettings": {"start": now + 3600}}
    assert_refused(await invite(nurse, room_id, doctor.user_id))
    for number, (name, process) in enumerate(sandbox.processes_of(SERVER).items()):
        verb = "PUT" if number else "POST"
        stored = await call(sandbox, process, f"{verb} {CONTACTS}", doctor, token, entry)
        assert stored.status == 200, (name, stored)
        answer = await invite(nurse, room_id, doctor.user_id)
        assert answer.status == 200, (name, answer)
        await leave(doctor, room_id)
        assert (await call(sandbox, process, f"PUT {CONTACTS}", doctor, token, later)).status == 200
        assert_refused(await invite(nurse, room_id, doctor.user_id))


@pytest.mark.requirement("I_TiMessengerInformation")
@pytest.mark.requirement("I_ClientReport")
async def test_every_process_knows_the_list_and_the_tokens(old_practice_on_workers: Sandbox) -> None:
    sandbox, new_user = old_practice_on_workers, creator(old_practice_on_workers)
    doctor = await new_user(SERVER)
    token = await openid_token(doctor)
    report = {"start": "2026-03-23T12:13:23.183Z", "sent": [{"Fachverfahren": "a", "Version": "v1", "Anzahl": 1}]}
    for name, process in sandbox.processes_of(SERVER).items():
        judge = f"GET /tim-information/v1/server/isInsurance?serverName={PFLEGE}"
        answer = await call(sandbox, process, judge, doctor, token)
        assert answer == Answer(200, {"isInsurance": False}), name
        for valid in (token, doctor.access_token):
            reported = await call(sandbox, process, "POST /tim-client-report/report", doctor, valid, report)
            assert reported == Answer(200, {}), name
        assert (await call(sandbox, process, judge, doctor, "nonsense")).status == 401, name
        support = await call(sandbox, process, "DELETE /.well-known/matrix/support", doctor, token)
        assert (support.status, support.body["errcode"]) == (405, "M_UNRECOGNIZED"), name
    sums = "GET /_synapse/client/tim/v1/client-reports"
    admin = await sandbox.homeserver(SERVER).new_user("admin-of-workers", "password", is_admin=True)
    (found,) = (await call(sandbox, sandbox.homeserver(SERVER), sums, admin, admin.access_token)).body["sums"]
    assert (found["events"], found["reports"]) == (2, 2), "once per token, whichever process was asked"


@pytest.mark.requirement("TI-M_11X_0707")
@pytest.mark.parametrize("by", ["invite", "account data"])
async def test_a_direct_chat_stays_between_two(old_practice_on_workers: Sandbox, by: str) -> None:
    new_user = creator(old_practice_on_workers)
    doctor, colleague, third = [await new_user(SERVER) for _ in range(3)]
    room_id = await new_room(doctor, invite=[colleague.user_id], is_direct=by == "invite")
    assert (await join(colleague, room_id)).status == 200
    if by == "account data":
        await set_account_data(colleague, "m.direct", {doctor.user_id: [room_id]})
    assert_refused(await invite(doctor, room_id, third.user_id))
    assert await invitations_of(third) == set()
