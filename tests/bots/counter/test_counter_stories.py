"""The counter with real encrypted rooms on a real homeserver, and a bot that is killed while the staff decides."""

import asyncio
import json
import secrets
from typing import Any

import aiohttp
import yaml

from tests.bots.conftest import BotProcess, NewBot, Person, free_port
from tim_bots.scripted_user import ScriptedUser

TOKEN = secrets.token_hex(32)


async def start_counter(bot: BotProcess, klar: ScriptedUser, *, is_doctor: bool = False) -> tuple[str, str]:
    """A bot with a counter room.

    Returns:
        The room, and the URL of the API.
    """
    room_id = await klar.create_room(invite=[bot.user_id])
    port = free_port()
    token = bot.config.with_name("api.token")
    token.touch(mode=0o600)
    token.write_text(TOKEN)
    for folder in ("pvs-out", "pvs-in"):
        bot.config.with_name(folder).mkdir()
    config = yaml.safe_load(bot.config.read_text()) | {
        "pvs": {"out_dir": "pvs-out", "in_dir": "pvs-in", "member": "klar"},
        "staff_room": room_id,
        "counter": {"members": {"klar": {"user_id": klar.user_id, "name": "Frau Klar", "is_doctor": is_doctor}}},
        "api": {"port": port, "token_file": "api.token"},
    }
    bot.config.write_text(yaml.safe_dump(config, allow_unicode=True))
    await bot.start()
    await bot.ready()
    await klar.wait_for(room_id, lambda said: "das ist der Tresen" in said.text)
    return room_id, f"http://127.0.0.1:{port}/v1/requests"


async def reply(user: ScriptedUser, room_id: str, event_id: str, text: str) -> None:
    relation = {"m.relates_to": {"m.in_reply_to": {"event_id": event_id}}}
    await user.send_content(room_id, {"msgtype": "m.text", "body": text} | relation)


async def closed_by_file(bot: BotProcess) -> None:
    """The practice's software reads the request it was handed, and sends it back as done."""
    outgoing, incoming = (bot.config.with_name(name) for name in ("pvs-out", "pvs-in"))
    async with asyncio.timeout(20):
        while not (outgoing / "anfrage-000001.gdt").exists():
            await asyncio.sleep(0.1)
        task = json.loads((outgoing / "anfrage-000001.json").read_bytes()) | {"status": "completed"}
        (incoming / "1.json.tmp").write_text(json.dumps(task))
        (incoming / "1.json.tmp").rename(incoming / "1.json")
        while not (incoming / "done" / "1.json").exists():
            await asyncio.sleep(0.1)


def count(user: ScriptedUser, room_id: str, part: str) -> int:
    """In how many new messages a text stands."""
    said = [one for one in user.heard(room_id) if "m.new_content" not in one.content]
    return sum(part in one.text for one in said)


async def call(url: str, body: dict[str, Any], key: str) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}
    async with aiohttp.ClientSession() as http, http.post(url, json=body, headers=headers) as response:
        return response.status, await response.json()


async def test_a_request_is_relayed_and_decided_once_though_the_bot_is_killed(new_bot: NewBot, person: Person) -> None:
    bot = await new_bot("tests.bots.real_bot")
    async with person() as klar, person() as anna:
        counter, url = await start_counter(bot, klar)
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id, lambda said: said.text.startswith("Guten Tag"))
        await anna.send(room_id, "mensch")
        card = await klar.wait_for(counter, lambda said: said.text.startswith("Anfrage 1 ·"))
        assert card.is_encrypted
        assert card.content["m.mentions"] == {}

        await reply(klar, counter, card.event_id, "!frage Seit wann?")
        await bot.kill()
        await bot.start()
        await anna.wait_for(room_id, lambda said: "Seit wann?" in said.text, seconds=40)
        await anna.send(room_id, "Seit gestern")
        answer = await klar.wait_for(counter, lambda said: "Seit gestern" in said.text)
        assert answer.content["m.relates_to"] == {"m.in_reply_to": {"event_id": card.event_id}}

        body = {"member": "klar", "decision": "accept", "text": "Kommen Sie heute um vier."}
        first = await call(f"{url}/1/decision", body, "decision-1")
        await bot.kill()
        await bot.start()
        await bot.ready()
        assert await call(f"{url}/1/decision", body, "decision-1") == first
        assert first[0] == 200
        await anna.wait_for(room_id, lambda said: "abgeschlossen" in said.text)
        edit = await klar.wait_for(counter, lambda said: "Stand: erledigt von Frau Klar" in said.text)
        assert edit.content["m.relates_to"] == {"rel_type": "m.replace", "event_id": card.event_id}

        await klar.send(counter, "!ok 1")
        await klar.wait_for(counter, lambda said: "schon abgeschlossen" in said.text)
        for part in ("Seit wann?", "Kommen Sie heute um vier.", "abgeschlossen"):
            assert count(anna, room_id, part) == 1, part
        assert count(klar, counter, "Anfrage 1 ·") == 1
        assert count(klar, counter, "Seit gestern") == 1
        log = bot.log_file.read_text()
        for secret in ("Seit", "Frau Klar", anna.user_id, klar.user_id, counter, room_id, TOKEN, "decision-1"):
            assert secret not in log


async def test_a_doctor_talks_to_the_asker_in_a_room_that_is_closed_after_use(new_bot: NewBot, person: Person) -> None:
    bot = await new_bot("tests.bots.real_bot")
    async with person() as weber, person() as anna:
        counter, _ = await start_counter(bot, weber, is_doctor=True)
        first = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(first, lambda said: said.text.startswith("Guten Tag"))
        await anna.send(first, "mensch")
        await weber.wait_for(counter, lambda said: said.text.startswith("Anfrage 1 ·"))
        await weber.send(counter, "!raum 1")
        await weber.wait_for(counter, lambda said: "Der Raum ist da" in said.text)
        room_id = await weber.wait_for_invite()
        assert await anna.wait_for_invite() == room_id
        await weber.join(room_id)
        await anna.join(room_id)
        await weber.wait_for_member(room_id, anna.user_id)
        await weber.send(room_id, "Guten Tag, hier ist Dr. Weber.")
        heard = await anna.wait_for(room_id, lambda said: "Dr. Weber" in said.text)
        assert heard.is_encrypted
        await closed_by_file(bot)  # from the practice's software, in the doctor's name
        await anna.until(lambda: room_id not in anna.client.rooms)
        await weber.until(lambda: room_id not in weber.client.rooms)
