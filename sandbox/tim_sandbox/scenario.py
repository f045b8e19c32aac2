"""The main job, live: what `tim sandbox scenario` plays on a running sandbox."""

import asyncio
import re
from typing import Any
from urllib.parse import quote

import aiohttp
from icalendar import Calendar

from tim_bots.scripted_user import Said
from tim_bots.signatures import verify_device_signed
from tim_sandbox.homeserver_client import Answer
from tim_sandbox.members import APOTHEKE, FREMD, PFLEGE, PRAXIS
from tim_sandbox.people import Person, Stage, shown, stage
from tim_sandbox.state import SandboxState
from tim_sandbox.transcript import Transcript, expect

PERMISSION_CONFIG = "de.gematik.tim.account.permissionconfig.pro.v1"
ENCRYPTED = "m.room.encrypted"

_FORBIDDEN = 403
_OK = 200
_OPTION = re.compile(r"^(?P<number>\d)\) (?P<time>.+)$", re.MULTILINE)
_BOOKED, _TAKEN = "Ihr Termin ist gebucht", "leider gerade vergeben"


async def play(state: SandboxState, transcript: Transcript) -> bool:
    """Play every story; whether all of them went as told."""
    async with stage(state, transcript) as on_stage:
        nurse = await on_stage.enter(PFLEGE.server_name, "anna.berger", "Anna Berger, Pflegedienst Sonnenhof")
        doctor = await on_stage.enter(PRAXIS.server_name, "thomas.weber", "Dr. Thomas Weber, Praxis am Markt")
        with transcript.story("A  A nurse books an appointment with a practice, from another homeserver"):
            await _book(on_stage, nurse)
        with transcript.story("B  Two organisations want the same appointment at the same moment"):
            await _race(on_stage, nurse)
        with transcript.story("C  An outsider, not on the federation list, stays outside"):
            await _refuse_outsider(on_stage, doctor)
        with transcript.story("D  A doctor decides who may reach him"):
            await _permission(on_stage, nurse, doctor)
        return transcript.verdict()


async def _book(on_stage: Stage, nurse: Person) -> None:
    transcript, device = on_stage.transcript, nurse.device
    with transcript.step(f"{PFLEGE.server_name}: the nurse finds '{PRAXIS.organisation}' in the directory (VZD)"):
        bot = await _find_messenger(on_stage, nurse, PRAXIS.organisation)
    with transcript.step("she invites the chatbot into an encrypted room; it joins from its own homeserver"):
        room_id = await _room_with_bot(nurse, bot)
        await on_stage.answer(nurse, room_id, 0)
    with transcript.step("the chatbot's device is cross-signed: master key, self-signing key, device"):
        await _check_cross_signed(nurse, bot)
    with transcript.step("she asks for an appointment and gets three free ones"):
        heard = len(device.heard(room_id))
        asked = await on_stage.write(nurse, room_id, "Guten Tag, wir brauchen einen Termin zur Blutabnahme.")
        options = _options(await on_stage.answer(nurse, room_id, heard, "frei"))
        expect(len(options) == 3, f"{len(options)} appointments were offered")  # noqa: PLR2004 - as the story says
    with transcript.step("she chooses the second; it is booked and confirmed with a calendar file"):
        heard = len(device.heard(room_id))
        await on_stage.write(nurse, room_id, "2")
        confirmed = await on_stage.answer(nurse, room_id, heard, _BOOKED)
        file = await device.wait_for(room_id, lambda said: said.is_file, after=heard)
        event = _calendar_event(await device.read_file(file))
        transcript.message("Chatbot", f"[{file.text}: {event['SUMMARY']}, {event.start:%d.%m.%Y %H:%M}]")
        expect(f"{event.start:%H:%M}" in options["2"], "the calendar file has another time")
    with transcript.step("on the wire every one of these messages is m.room.encrypted"):
        for event_id in (asked, confirmed.event_id, file.event_id):
            expect(await device.type_on_the_wire(room_id, event_id) == ENCRYPTED, "a message travelled in clear")


async def _race(on_stage: Stage, nurse: Person) -> None:
    transcript = on_stage.transcript
    with transcript.step(f"{APOTHEKE.server_name}: a pharmacist and the nurse get the same offer"):
        pharmacist = await on_stage.enter(APOTHEKE.server_name, "jonas.klein", "Jonas Klein, Apotheke am Brunnen")
        bot = await _find_messenger(on_stage, pharmacist, PRAXIS.organisation)
        both = (nurse, pharmacist)
        rooms = [await _room_with_bot(person, bot) for person in both]
        offers = await asyncio.gather(*(_ask(person, room) for person, room in zip(both, rooms, strict=True)))
        common = sorted(set(offers[0].items()) & set(offers[1].items()))
        expect(bool(common), "the offers have nothing in common")
    number, time = common[0]
    with transcript.step(f"both choose {time} at once: one books it, the other is told"):
        answers = await asyncio.gather(
            *(_choose(person, room, number) for person, room in zip(both, rooms, strict=True))
        )
        for person, answer in zip(both, answers, strict=True):
            transcript.message(f"Chatbot to {person.name}", answer.text.splitlines()[0])
        expect(sum(_BOOKED in answer.text for answer in answers) == 1, "not exactly one of them has it")
        expect(sum(_TAKEN in answer.text for answer in answers) == 1, "the other was not told")


async def _refuse_outsider(on_stage: Stage, doctor: Person) -> None:
    transcript = on_stage.transcript
    bot = next(user.user_id for user in on_stage.state.homeserver(PRAXIS.server_name).users if user.is_bot)
    with transcript.step(f"{FREMD.server_name} runs, but is not on the signed federation list"):
        outsider = await on_stage.enter(FREMD.server_name, "mallory", "Mallory")
    for invitee, who in ((doctor.user_id, "the doctor"), (bot, "the chatbot")):
        with transcript.step(f"the outsider's invite of {who} is refused"):
            await _expect_refused(transcript, outsider, invitee)
    with transcript.step("the doctor's invite of the outsider is refused, and no room is left behind"):
        before = await _joined_rooms(doctor)
        await _expect_refused(transcript, doctor, outsider.user_id)
        expect(await _joined_rooms(doctor) == before, "the refused request left a room behind")


async def _permission(on_stage: Stage, nurse: Person, doctor: Person) -> None:
    transcript = on_stage.transcript
    block_all: dict[str, Any] = {"defaultSetting": "block all"}
    with transcript.step("he blocks everybody; the nurse's invite is refused"):
        await _set_permission(doctor, block_all)
        await _expect_refused(transcript, nurse, doctor.user_id)
    with transcript.step("he adds the nurse as an exception; her next invite arrives at once"):
        await _set_permission(doctor, block_all | {"userExceptions": {nurse.user_id: {}}})
        room_id = await nurse.device.create_room(invite=[doctor.user_id])
        await doctor.device.join(room_id)
        await nurse.device.wait_for_member(room_id, doctor.user_id)
    with transcript.step("they talk, end-to-end encrypted"):
        await on_stage.write(nurse, room_id, "Guten Tag, darf ich Ihnen den Wundverlauf schicken?")
        await doctor.device.wait_for(room_id, lambda said: said.is_encrypted)
        await on_stage.write(doctor, room_id, "Gern, bitte mit Foto.")
        await nurse.device.wait_for(room_id, lambda said: said.is_encrypted)


async def _find_messenger(on_stage: Stage, person: Person, organisation: str) -> str:
    """The Matrix user id that the directory names for the organisation; the search is authenticated by Matrix."""
    path = f"/_matrix/client/v3/user/{quote(person.user_id)}/openid/request_token"
    openid = await person.account.request("POST", path, {})
    expect(openid.status == _OK, "no OpenID token")
    url, server_name = on_stage.state.vzd_url, person.user_id.partition(":")[2]
    headers = {"X-Matrix-OpenID-Token": openid.body["access_token"]}
    async with on_stage.http.get(f"{url}/tim-authenticate", params={"mxId": server_name}, headers=headers) as answer:
        expect(answer.status == _OK, f"the directory answered {answer.status}")
        token = (await answer.json())["access_token"]
    bundle = await _search(on_stage.http, url, token, organisation)
    addresses = [
        entry["resource"]["address"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Endpoint"
    ]
    expect(len(addresses) == 1, f"the directory knows {len(addresses)} addresses")
    localpart, _, server_name = addresses[0].removeprefix("matrix:u/").partition(":")
    return f"@{localpart}:{server_name}"


async def _search(http: aiohttp.ClientSession, url: str, token: str, organisation: str) -> Any:
    query = {"name": organisation, "endpoint.status": "active", "_include": "HealthcareService:endpoint"}
    headers = {"Authorization": f"Bearer {token}"}
    async with http.get(f"{url}/search/HealthcareService", params=query, headers=headers) as answer:
        expect(answer.status == _OK, f"the directory answered {answer.status}")
        return await answer.json()


async def _room_with_bot(person: Person, bot: str) -> str:
    room_id = await person.device.create_room(invite=[bot])
    await person.device.wait_for_member(room_id, bot)
    await person.device.wait_for(room_id)  # the greeting
    return room_id


async def _check_cross_signed(person: Person, user_id: str) -> None:
    keys = await person.device.keys_of(user_id)
    devices = list(keys["device_keys"].get(user_id, {}))
    expect(bool(devices), "it has no device")
    for device_id in devices:
        expect(verify_device_signed(keys, user_id, device_id), "a device is not signed by its owner")


def _options(offer: Said) -> dict[str, str]:
    """Time by number."""
    return {match["number"]: match["time"] for match in _OPTION.finditer(offer.text)}


def _calendar_event(data: bytes) -> Any:
    (event,) = Calendar.from_ical(data).walk("VEVENT")
    return event


async def _ask(person: Person, room_id: str) -> dict[str, str]:
    heard = len(person.device.heard(room_id))
    await person.device.send(room_id, "!termin")
    return _options(await person.device.wait_for(room_id, lambda said: bool(_options(said)), after=heard))


async def _choose(person: Person, room_id: str, number: str) -> Said:
    heard = len(person.device.heard(room_id))
    await person.device.send(room_id, number)
    return await person.device.wait_for(room_id, lambda said: not said.is_file, after=heard)


async def _expect_refused(transcript: Transcript, inviter: Person, invitee: str) -> None:
    answer = await inviter.account.request("POST", "/_matrix/client/v3/createRoom", {"invite": [invitee]})
    transcript.message(f"to {inviter.name}", shown(answer))
    expect(answer.status == _FORBIDDEN, f"answered {answer.status}")


async def _joined_rooms(person: Person) -> set[str]:
    answer: Answer = await person.account.request("GET", "/_matrix/client/v3/joined_rooms")
    return set(answer.body["joined_rooms"])


async def _set_permission(person: Person, content: dict[str, Any]) -> None:
    path = f"/_matrix/client/v3/user/{quote(person.user_id)}/account_data/{PERMISSION_CONFIG}"
    answer = await person.account.request("PUT", path, content)
    expect(answer.status == _OK, f"the permission configuration was not stored ({answer.status})")
