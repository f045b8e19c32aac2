"""What people and programs experience with the real appointment bot, in real encrypted rooms on a real homeserver."""

import asyncio
import re
import sys
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.bots.conftest import BotProcess, NewBot, Person
from tim_bots.incoming import FLOW_BLOCK
from tim_bots.matrix_http import demand
from tim_bots.scripted_user import Said, ScriptedUser
from tim_sandbox.running import Sandbox

ALL_DAY = ["00:00-24:00"]
CALENDAR = {
    "location": "Markt 1",
    "opening_hours": dict.fromkeys(("mo", "di", "mi", "do", "fr", "sa", "so"), ALL_DAY),
}
START, RESPONSE, END = (f"org.matrix.msc3381.poll.{part}" for part in ("start", "response", "end"))
STATUS = "de.gematik.response.status"


async def running(new_bot: NewBot, **changes: Any) -> BotProcess:
    bot = await new_bot("tests.bots.real_bot", calendar=CALENDAR, **changes)
    await bot.start()
    await bot.ready()
    return bot


async def room_with(bot: BotProcess, person: ScriptedUser) -> str:
    room_id = await person.create_room(invite=[bot.user_id])
    await person.wait_for(room_id, lambda said: said.text.startswith("Guten Tag"))
    return room_id


async def ask(person: ScriptedUser, room_id: str, text: str, part: str, **content: Any) -> Said:
    """Write, and wait for an answer that contains `part`."""
    after = len(person.heard(room_id))
    await person.send_content(room_id, {"msgtype": "m.text", "body": text} | content)
    return await person.wait_for(room_id, lambda said: part in said.text, after=after)


async def test_a_vote_in_an_encrypted_poll_books_after_a_yes(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await ask(anna, room_id, "!termin", "sind frei")
        poll = await anna.wait_for_data(room_id, START)
        assert await anna.type_on_the_wire(room_id, poll.event_id) == "m.room.encrypted"
        first, second, _ = (answer["id"] for answer in poll.content[START]["answers"])
        relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll.event_id}}
        for number, answer in enumerate((first, second)):
            after = len(anna.heard(room_id))
            await anna.send_content(room_id, {RESPONSE: {"answers": [answer]}} | relation, RESPONSE)
            asked = await anna.wait_for(room_id, lambda said: "Soll ich diesen Termin buchen" in said.text, after=after)
            assert asked.is_encrypted, number
        booked = await ask(anna, room_id, "ja", "Ihr Termin ist gebucht")
        assert booked.content[FLOW_BLOCK]["step"] == "confirm"
        start = booked.content["de.gematik.fhir.resource"]["start"]
        assert start[:10] == second[:10] or start[11:13] != second[11:13]  # wall time and UTC of the second option
        ended = await anna.wait_for_data(room_id, END)
        assert ended.content["m.relates_to"] == {"rel_type": "m.reference", "event_id": poll.event_id}


async def test_a_reply_is_understood_and_a_cancelled_booking_is_edited(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        offer = await ask(anna, room_id, "!termin", "sind frei")
        reply = {"m.relates_to": {"m.in_reply_to": {"event_id": offer.event_id}}}
        booked = await ask(anna, room_id, "> <@x> frei\n\n1", "Ihr Termin ist gebucht", **reply)
        await ask(anna, room_id, "absagen", "Möchten Sie diesen Termin absagen")
        await ask(anna, room_id, "ja", "Ihr Termin ist abgesagt")
        (card,) = [said for said in anna.heard(room_id) if "m.new_content" in said.content]
        assert card.content["m.relates_to"] == {"rel_type": "m.replace", "event_id": booked.event_id}
        assert card.content["m.new_content"]["body"].startswith("Abgesagt: ")


async def test_a_person_takes_over_and_the_staff_is_told(new_bot: NewBot, person: Person) -> None:
    bot = await new_bot("tests.bots.real_bot", calendar=CALENDAR)
    async with person() as anna, person() as staff:
        staff_room = await staff.create_room(invite=[bot.user_id])
        text = bot.config.read_text(encoding="utf-8")
        bot.config.write_text(text + f'\nstaff_room: "{staff_room}"\ncontact: Telefon 030 1234.\n', encoding="utf-8")
        await bot.start()
        await bot.ready()
        await staff.wait_for(staff_room, lambda said: said.text.startswith("Guten Tag"))
        room_id = await room_with(bot, anna)
        await ask(anna, room_id, "Ich möchte mit einem Menschen sprechen", "meldet sich in diesem Raum")
        told = await staff.wait_for(staff_room, lambda said: "möchte mit einer Person sprechen" in said.text)
        assert told.is_encrypted
        reply = {"m.relates_to": {"m.in_reply_to": {"event_id": told.event_id}}}
        await staff.send_content(staff_room, {"msgtype": "m.text", "body": "Ich"} | reply)
        await staff.wait_for(staff_room, lambda said: "Ich lade Sie in den Raum ein" in said.text)
        await staff.join(room_id)
        await anna.wait_for_member(room_id, staff.user_id)
        heard = len(anna.heard(room_id))
        await anna.send(room_id, "Termin")
        await ask(anna, room_id, "bot", "wieder für Sie da")
        assert len(anna.heard(room_id)) == heard + 1


async def test_a_program_books_and_is_told_how_it_went(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as practice_program:
        program = practice_program
        room_id = await room_with(bot, program)
        case_id = str(uuid4())

        def step(name: str, **more: Any) -> dict[str, Any]:
            block = {"v": 1, "flow": "appointment", "step": name, "msg_id": str(uuid4()), "case_id": case_id} | more
            request = {"from_device": program.client.device_id, "lifetime": 60_000}
            return {"msgtype": "m.notice", FLOW_BLOCK: block, "de.gematik.request.status": request}

        async def send(content: dict[str, Any], part: str, number: int) -> tuple[Said, Said]:
            after = len(program.heard(room_id))
            event_id = await program.send_content(room_id, content | {"body": "für Programme"})
            answer = await program.wait_for(room_id, lambda said: part in said.text, after=after)
            status = await program.wait_for_data(room_id, STATUS, after=number)
            assert status.content["m.relates_to"] == {"rel_type": "m.reference", "event_id": event_id}
            return answer, status

        offer, status = await send(step("query"), "sind frei", 0)
        assert status.content[STATUS]["status"] == "success"
        slot = offer.content[FLOW_BLOCK]["items"][0]["id"]
        booked, status = await send(step("book", items=[{"id": slot, "status": "proposed"}]), "gebucht", 1)
        assert status.content[STATUS]["status"] == "success"
        assert booked.content["de.gematik.fhir.resource"]["status"] == "booked"
        _, status = await send(step("query", v=2), "Version, die ich nicht kenne", 2)
        assert status.content[STATUS]["status"] == "error"
        keys = await program.keys_of(bot.user_id)
        (device_id,) = keys["device_keys"][bot.user_id]
        assert status.content[STATUS]["from_device"] == device_id

        path = f"/_matrix/client/v3/profile/{quote(bot.user_id)}"
        profile = await demand(program.client, "GET", path)
        (field,) = [name for name in profile if name.startswith("de.gematik.client_capability.")]
        assert field.lower() == f"de.gematik.client_capability.{device_id}".lower()
        assert {event["type"] for event in profile[field]["events"]} == {"de.gematik.fhir", "m.room.message", STATUS}
        assert not re.search(r"@|mxc", str(profile[field]))


STAFF = {
    "hours": dict.fromkeys(("mo", "di", "mi", "do", "fr", "sa", "so"), ALL_DAY),
    "concerns": {
        "rezept": {"label": "Rezept", "persons": ["weber", "klar"]},
        "termin": {"label": "Termin", "dialogue": "appointment"},
    },
}


async def test_the_next_of_the_staff_comes_when_the_first_lets_nobody_in(new_bot: NewBot, person: Person) -> None:
    async with person() as anna, person() as weber, person() as klar:
        persons = {
            "weber": {"user_id": weber.user_id, "name": "Dr. Weber"},
            "klar": {"user_id": klar.user_id, "name": "Frau Klar"},
        }
        name = "de.gematik.tim.account.permissionconfig.pro.v1"
        path = f"/_matrix/client/v3/user/{quote(weber.user_id)}/account_data/{name}"
        await demand(weber.client, "PUT", path, {"defaultSetting": "block all"})
        bot = await running(new_bot, staff=STAFF | {"persons": persons})
        room_id = await room_with(bot, anna)
        poll = await anna.wait_for_data(room_id, START)
        assert [answer["id"] for answer in poll.content[START]["answers"]] == ["rezept", "termin"]
        await ask(anna, room_id, "Rezpet", "Ich habe Dr. Weber in diesen Raum eingeladen")
        refused = await anna.wait_for(room_id, lambda said: "Dr. Weber ist für mich nicht erreichbar" in said.text)
        assert "Frau Klar" in refused.text
        await anna.wait_for(room_id, lambda said: "Frau Klar ist eingeladen" in said.text)
        await klar.join(room_id)
        await anna.wait_for_member(room_id, klar.user_id)
        await klar.send(room_id, "Guten Tag, welches Medikament?")
        await anna.wait_for(room_id, lambda said: "Frau Klar hat übernommen" in said.text)
        heard = len(anna.heard(room_id))
        await anna.send(room_id, "Ramipril")
        await ask(anna, room_id, "bot", "wieder für Sie da")
        assert len(anna.heard(room_id)) == heard + 1


async def test_what_is_offered_follows_from_the_entry_in_the_directory(
    new_bot: NewBot, person: Person, federation: Sandbox, listed_nurse: ScriptedUser
) -> None:
    """A nurse whose account stands in the directory, from another homeserver; and somebody whose does not."""
    concerns = {
        "rezept": {"label": "Rezept", "persons": ["klar"]},
        "wunde": {"label": "Wundverlauf", "persons": ["klar"], "roles": ["1.2.276.0.76.4.245"]},
    }
    staff = STAFF | {"concerns": concerns, "persons": {"klar": {"user_id": "@klar:praxis.tim.test", "name": "Klar"}}}
    bot = await new_bot("tests.bots.real_bot", staff=staff, directory={"url": federation.state.vzd_url})
    await bot.start()
    await bot.ready()
    async with person() as anna:
        for user, is_offered in ((anna, False), (listed_nurse, True)):
            room_id = await user.create_room(invite=[bot.user_id])
            greeting = await user.wait_for(room_id, lambda said: said.text.startswith("Guten Tag"), seconds=40)
            assert ("Wundverlauf" in greeting.text) is is_offered


async def test_a_person_connects_with_a_pin_while_the_bot_runs_and_consents(new_bot: NewBot, person: Person) -> None:
    consent = {"version": "1", "text": "Wir speichern Ihre Termine, um Sie zu behandeln."}
    persons = {"consent": consent, "appointment": {"identity": ["pin"], "consent": True}}
    bot = await running(new_bot, persons=persons)
    command = [sys.executable, "-m", "tim_cli.main", "bot", "pin", "new", "--config", str(bot.config)]
    process = await asyncio.create_subprocess_exec(
        *command, "--patient", "Akte 4711", stdout=asyncio.subprocess.PIPE, cwd=bot.config.parent
    )
    output, _ = await process.communicate()
    (pin,) = re.findall(r"!verbinden (\d{6})", output.decode())
    async with person() as erika:
        room_id = await room_with(bot, erika)
        await ask(erika, room_id, "Termin", "wer Sie sind")
        await ask(erika, room_id, f"!verbinden {pin}", "ist jetzt mit Praxis am Markt verbunden")
        await ask(erika, room_id, "Termin", "brauche ich Ihre Einwilligung")
        await ask(erika, room_id, "ja", "sind frei")
        await ask(erika, room_id, "stopp", "ist widerrufen")
        await ask(erika, room_id, "Termin", "brauche ich Ihre Einwilligung")


async def test_the_homeserver_gets_the_counts_of_structured_messages(
    new_bot: NewBot, person: Person, federation: Sandbox
) -> None:
    praxis = federation.state.homeserver("praxis.tim.test")
    admin = next(user for user in praxis.users if user.is_admin)
    account = await federation.homeserver("praxis.tim.test").login(admin.user_id[1:].partition(":")[0], admin.password)
    bot = await running(new_bot, client_report={"interval": "1s"})
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await ask(anna, room_id, "Termin", "sind frei")
    expected = {"direction": "sent", "procedure": "de.tim_suite.appointment", "version": "v1"}
    async with asyncio.timeout(30):
        while True:
            answer = await account.request("GET", "/_synapse/client/tim/v1/client-reports")
            found = [one for one in answer.body["sums"] if expected.items() <= one.items()]
            if found:
                break
            await asyncio.sleep(0.2)
    assert found[0]["events"] >= 1
