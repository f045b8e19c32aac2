"""Who sees whom: profiles, display names, user directory, and what else the settings bring about."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.gate.world import upload
from tests.rulebook.events import CLIENT
from tests.rulebook.raw import raw_to
from tests.rulebook.test_events import shared_room
from tests.rulebook.test_requests import ALL, EPA, FORBIDDEN, NO_TOKEN, PRAXIS, PRO, server, status
from tests.synapse.matrix import EPA_PERMISSION_CONFIG, invite, new_room, set_permission
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]
KASSE = "kasse.tim.test"


def profile(user: MatrixUser, field: str = "") -> str:
    return f"{CLIENT}/profile/{quote(user.user_id)}" + (f"/{field}" if field else "")


def refusal(answer: Answer) -> tuple[int, str | None]:
    return answer.status, answer.body.get("errcode")


async def new_admin(sandbox: Sandbox, server_name: str) -> MatrixUser:
    name = f"admin-{uuid4().hex[:8]}"
    return await sandbox.homeserver(server_name).new_user(name, "password", is_admin=True)


@pytest.mark.requirement("A_26289")
@pytest.mark.parametrize("server_name", ALL)
async def test_profiles_need_a_login(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user, send = await new_user(server_name), raw_to(rulebook, server_name)
    for field in ("", "displayname", "avatar_url", "de.gematik.x"):
        for path in (profile(user, field), profile(user, field).replace("/v3/", "/r0/")):
            assert (await send("GET", path)).refusal == NO_TOKEN
            assert (await send("GET", path, token="wrong")).refusal == (401, "M_UNKNOWN_TOKEN")
    assert (await send("GET", profile(user), user=user)).status == 200


@pytest.mark.parametrize("server_name", PRO)
async def test_professionals_see_profiles(new_user: NewUser, server_name: str) -> None:
    anna, berta = await new_user(server_name), await new_user(server_name)
    assert (await anna.request("GET", profile(berta))).status == 200


@pytest.mark.requirement("A_26290")
@pytest.mark.requirement("A_26374")
@pytest.mark.parametrize("server_name", EPA)
async def test_insured_persons_see_profiles_of_people_they_share_a_room_with(
    rulebook: Sandbox, new_user: NewUser, server_name: str
) -> None:
    doctor, patient, other = await new_user(PRAXIS), await new_user(server_name), await new_user(server_name)
    for stranger in (other, doctor):
        for field in ("", "displayname", "avatar_url"):
            assert refusal(await patient.request("GET", profile(stranger, field))) == FORBIDDEN
    assert (await patient.request("GET", profile(patient))).status == 200
    admin = await new_admin(rulebook, server_name)
    assert refusal(await admin.request("GET", profile(patient))) == FORBIDDEN
    await shared_room(patient, doctor)
    assert (await patient.request("GET", profile(doctor, "displayname"))).status == 200


@pytest.mark.requirement("A_26374")
@pytest.mark.parametrize("server_name", EPA)
async def test_other_servers_see_insured_persons_they_share_a_room_with(
    rulebook: Sandbox, new_user: NewUser, server_name: str
) -> None:
    doctor, patient = await new_user(PRAXIS), await new_user(server_name)
    path = f"/_matrix/federation/v1/query/profile?user_id={quote(patient.user_id)}&field=displayname"
    assert await status(server(rulebook, PRAXIS, server_name), "GET", path) == 403
    assert refusal(await doctor.request("GET", profile(patient)))[0] in {403, 404}
    await shared_room(patient, doctor)
    assert await status(server(rulebook, PRAXIS, server_name), "GET", path) == 200
    assert await status(server(rulebook, "pflege.tim.test", server_name), "GET", path) == 403
    assert (await raw_to(rulebook, server_name)("GET", path)).refusal == (401, "M_UNAUTHORIZED")


async def test_professionals_are_seen_by_the_federation(rulebook: Sandbox, new_user: NewUser) -> None:
    doctor = await new_user(PRAXIS)
    path = f"/_matrix/federation/v1/query/profile?user_id={quote(doctor.user_id)}"
    assert await status(server(rulebook, "pflege.tim.test", PRAXIS), "GET", path) == 200


@pytest.mark.requirement("REF_DISPLAY_NAME")
@pytest.mark.parametrize("server_name", ALL)
async def test_people_do_not_rename_themselves(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    name = user.user_id[1:].partition(":")[0]
    path, unstable = profile(user, "displayname"), "/_matrix/client/unstable/uk.tcpip.msc4133/profile/"
    for url in (path, path.replace("/v3/", "/r0/"), unstable + path.partition("/profile/")[2]):
        for new in ("Dr. Wichtig", name, "", None, 7):
            assert refusal(await user.request("PUT", url, {"displayname": new})) == FORBIDDEN
    assert refusal(await user.request("DELETE", path)) == FORBIDDEN
    room_id = await new_room(user)
    in_room = f"{CLIENT}/rooms/{quote(room_id)}/state/m.room.member/{quote(user.user_id)}"
    await user.request("PUT", in_room, {"membership": "join", "displayname": "Dr. Wichtig"})
    assert (await user.request("GET", in_room)).body["displayname"] == name
    admin = await new_admin(rulebook, server_name)
    assert (await admin.request("PUT", path, {"displayname": "Weber, Anna"})).status == 200
    assert (await user.request("GET", path)).body == {"displayname": "Weber, Anna"}


@pytest.mark.parametrize("server_name", [PRAXIS, KASSE])
async def test_other_fields_are_everybodys_own(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    field = "de.gematik.client_capability.abc"
    value = {"events": [{"type": "de.gematik.fhir", "content": []}]}
    assert (await user.request("PUT", profile(user, field), {field: value})).status == 200
    assert (await user.request("GET", profile(user, field))).body == {field: value}
    avatar = {"avatar_url": f"mxc://{await upload(user)}"}
    assert (await user.request("PUT", profile(user, "avatar_url"), avatar)).status == 200


@pytest.mark.requirement("REF_CHATBOT_NAME")
async def test_a_chatbot_stays_recognisable(rulebook: Sandbox) -> None:
    name = f"bot-{uuid4().hex[:8]}"
    bot = await rulebook.homeserver(PRAXIS).new_user(name, "password", display_name="Termine (Chatbot)")
    admin = await new_admin(rulebook, PRAXIS)
    account, own = f"/_synapse/admin/v2/users/{quote(bot.user_id)}", profile(bot, "displayname")
    for path in (account, own):
        for new in ("Dr. Weber", "", None):
            assert refusal(await admin.request("PUT", path, {"displayname": new})) == FORBIDDEN
    assert refusal(await admin.request("DELETE", own)) == FORBIDDEN
    assert (await bot.request("GET", own)).body == {"displayname": "Termine (Chatbot)"}
    for path, new in ((account, "Rezepte (Chatbot)"), (own, "Anfragen (Chatbot)")):
        assert (await admin.request("PUT", path, {"displayname": new})).status == 200
    assert (await admin.request("PUT", account, {"admin": False})).status == 200
    assert (await bot.request("GET", own)).body == {"displayname": "Anfragen (Chatbot)"}


async def joined(user: MatrixUser, room_id: str) -> None:
    """Join a room of another server that one's own is in already: the invite is known when its event has arrived."""
    async with asyncio.timeout(20):
        while (await user.request("POST", f"{CLIENT}/join/{quote(room_id)}", {})).status != 200:
            await asyncio.sleep(0.1)


async def found(user: MatrixUser, term: str) -> set[str]:
    answer = await user.request("POST", f"{CLIENT}/user_directory/search", {"search_term": term, "limit": 50})
    assert answer.status == 200, answer
    return {hit["user_id"] for hit in answer.body["results"]}


def localpart(user: MatrixUser) -> str:
    return user.user_id[1:].partition(":")[0]


async def finds(user: MatrixUser, whom: MatrixUser) -> None:
    """Return once a search finds her: the directory is written in the background."""
    async with asyncio.timeout(20):
        while whom.user_id not in await found(user, localpart(whom)):
            await asyncio.sleep(0.1)


@pytest.mark.parametrize("server_name", PRO)
async def test_professionals_find_colleagues(new_user: NewUser, server_name: str) -> None:
    anna, berta = await new_user(server_name), await new_user(server_name)
    await finds(anna, berta)


@pytest.mark.requirement("A_26375")
@pytest.mark.parametrize("server_name", EPA)
async def test_insured_persons_find_people_they_share_a_room_with(new_user: NewUser, server_name: str) -> None:
    doctor, patient = await new_user(PRAXIS), await new_user(server_name)
    representative, other = await new_user(server_name), await new_user(server_name)
    room_id = await new_room(doctor)
    for insured in (patient, representative):
        await set_permission(insured, {"defaultSetting": "allow all"}, EPA_PERMISSION_CONFIG)
        assert (await invite(doctor, room_id, insured.user_id)).status == 200
        await joined(insured, room_id)
    await finds(patient, representative)
    assert await found(patient, localpart(other)) == set()
    assert await found(other, localpart(patient)) == set()
    assert await found(other, "user-") == set()


@pytest.mark.requirement("A_26574")
@pytest.mark.parametrize("server_name", ALL)
async def test_dehydrated_devices(new_user: NewUser, server_name: str) -> None:
    user = await new_user(server_name)
    path = "/_matrix/client/unstable/org.matrix.msc3814.v1/dehydrated_device"
    keys = {f"{kind}:DEHYDRATED": "A" * 43 for kind in ("curve25519", "ed25519")}
    body: dict[str, Any] = {
        "device_id": "DEHYDRATED",
        "initial_device_display_name": "x",
        "device_data": {"algorithm": "org.matrix.msc3814.v2", "account": "x"},
        "device_keys": {
            "user_id": user.user_id,
            "device_id": "DEHYDRATED",
            "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
            "keys": keys,
            "signatures": {user.user_id: {"ed25519:DEHYDRATED": "A" * 86}},
        },
    }
    assert (await user.request("PUT", path, body)).status == 200
    assert (await user.request("GET", path)).body["device_id"] == "DEHYDRATED"


@pytest.mark.requirement("A_26263")
@pytest.mark.parametrize("server_name", [PRAXIS, KASSE])
async def test_media_by_the_older_endpoints(rulebook: Sandbox, new_user: NewUser, server_name: str) -> None:
    picture = await upload(await new_user(server_name))
    for at in (server_name, "pflege.tim.test"):
        assert (await raw_to(rulebook, at)("GET", f"/_matrix/media/v3/download/{picture}")).status == 200


async def test_an_invited_person_is_no_stranger_yet(new_user: NewUser) -> None:
    """An invite is no shared room: who refuses it stays unseen."""
    doctor, patient = await new_user(PRAXIS), await new_user(KASSE)
    assert (await invite(doctor, await new_room(doctor), patient.user_id)).status == 200
    assert refusal(await patient.request("GET", profile(doctor))) == FORBIDDEN
