"""The bot process, a real Synapse and people with real E2EE clients."""

import asyncio
import random
from uuid import uuid4

from tests.bots.conftest import PASSWORD, BotProcess, NewBot, Person
from tim_bots.cli import new_device
from tim_bots.matrix_http import demand
from tim_bots.scripted_user import ScriptedUser
from tim_bots.signatures import verify_device_signed
from tim_sandbox.homeserver_client import HomeserverClient


async def running(new_bot: NewBot, **changes: str) -> BotProcess:
    bot = await new_bot(**changes)
    await bot.start()
    await bot.ready()
    return bot


async def room_with(bot: BotProcess, person: ScriptedUser) -> str:
    room_id = await person.create_room(invite=[bot.user_id])
    assert (await person.wait_for(room_id)).text == "room_joined: "
    return room_id


def texts(person: ScriptedUser, room_id: str) -> list[str]:
    return [said.text for said in person.heard(room_id)]


async def test_a_name_that_the_administration_gave_stays(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot, display_name="Anders (Chatbot)")
    async with person() as anna:
        room_id = await room_with(bot, anna)
        assert anna.client.rooms[room_id].users[bot.user_id].display_name == "Echo (Chatbot)"
    assert "lets only its admins set it" in bot.log_file.read_text()


async def test_a_person_gets_an_encrypted_answer_from_a_cross_signed_device(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await anna.send(room_id, "Grüß Gott")
        answer = await anna.wait_for(room_id, after=1)
        assert (answer.text, answer.sender, answer.is_encrypted) == ("text: Grüß Gott", bot.user_id, True)
        assert await anna.type_on_the_wire(room_id, answer.event_id) == "m.room.encrypted"
        keys = await anna.keys_of(bot.user_id)
        (device_id,) = keys["device_keys"][bot.user_id]
        assert verify_device_signed(keys, bot.user_id, device_id)
        assert anna.client.rooms[room_id].users[bot.user_id].display_name == "Echo (Chatbot)"
    assert await bot.stop() == 0


async def test_a_file_arrives_encrypted_and_whole(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await anna.send(room_id, "file")
        said = await anna.wait_for(room_id, lambda said: said.is_file)
        assert texts(anna, room_id) == ["room_joined: ", "text: file", "termin.ics"]
        assert await anna.read_file(said) == b"BEGIN:VCALENDAR"


async def test_twenty_messages_are_each_answered_once_while_the_bot_is_killed_again_and_again(
    new_bot: NewBot, person: Person
) -> None:
    bot = await running(new_bot)
    dice = random.Random(7)
    async with person() as anna:
        room_id = await room_with(bot, anna)

        async def talk() -> None:
            for number in range(20):
                await anna.send(room_id, f"Nummer {number}")
                await asyncio.sleep(dice.uniform(0, 0.4))

        talking = asyncio.create_task(talk())
        for _ in range(6):
            await asyncio.sleep(dice.uniform(0.2, 3))  # also while it starts
            await bot.kill()
            await bot.start()
        await talking
        await anna.wait_for(room_id, lambda said: said.text == "text: Nummer 19", seconds=40)
        await anna.send(room_id, "Schluss")
        await anna.wait_for(room_id, lambda said: said.text == "text: Schluss")
        expected = ["room_joined: ", *(f"text: Nummer {number}" for number in range(20)), "text: Schluss"]
        assert texts(anna, room_id) == expected


async def test_what_was_said_while_the_bot_was_away_is_answered_in_order(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await bot.stop()
        for number in range(60):  # more than one sync carries
            await anna.send(room_id, str(number))
        await bot.start()
        await anna.wait_for(room_id, lambda said: said.text == "text: 59", seconds=40)
        assert texts(anna, room_id)[1:] == [f"text: {number}" for number in range(60)]


async def test_a_room_without_encryption_is_explained_and_left(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await anna.create_room(invite=[bot.user_id], is_encrypted=False)
        said = await anna.wait_for(room_id)
        assert "nicht verschlüsselt" in said.text
        assert not said.is_encrypted
        await anna.until(lambda: bot.user_id not in anna.client.rooms[room_id].users)


async def test_a_message_in_the_clear_is_refused_once(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        for _ in range(2):
            path = f"/_matrix/client/v3/rooms/{room_id}/send/m.room.message/{uuid4()}"
            await demand(anna.client, "PUT", path, {"msgtype": "m.text", "body": "1"})
        await anna.send(room_id, "2")
        await anna.wait_for(room_id, lambda said: said.text == "text: 2")
        _, refusal, answer = anna.heard(room_id)
        assert "nicht verschlüsselt" in refusal.text
        assert refusal.is_encrypted
        assert answer.text == "text: 2"


async def test_a_message_whose_keys_never_come_is_reported_once(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        path = f"/_matrix/client/v3/rooms/{room_id}/send/m.room.encrypted/{uuid4()}"
        content = {"algorithm": "m.megolm.v1.aes-sha2", "sender_key": "x", "device_id": "x", "session_id": "x"}
        await demand(anna.client, "PUT", path, content | {"ciphertext": "x"})
        await demand(anna.client, "PUT", path + "2", {"algorithm": "m.unknown"})
        asked = await anna.wait_for(room_id, after=1)
        assert "Bitte senden Sie sie noch einmal" in asked.text
        assert "m.in_reply_to" in asked.content["m.relates_to"]
        await anna.send(room_id, "2")
        await anna.wait_for(room_id, lambda said: said.text == "text: 2")
        assert len(texts(anna, room_id)) == 3


async def test_a_timer_survives_a_kill_and_comes_once(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await anna.send(room_id, "timer")
        await anna.wait_for(room_id, lambda said: said.text == "text: timer")
        await bot.kill()
        await bot.start()
        await anna.wait_for(room_id, lambda said: said.text == "timer: reminder")
        await anna.send(room_id, "2")
        await anna.wait_for(room_id, lambda said: said.text == "text: 2")
        assert texts(anna, room_id) == ["room_joined: ", "text: timer", "timer: reminder", "text: 2"]


async def test_a_failing_flow_gets_an_apology_and_makes_the_bot_red(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await anna.send(room_id, "raise")
        assert (await anna.wait_for(room_id, after=1)).text.startswith("Es tut mir leid")
        status, body = await bot.readiness()
        assert status == 503
        assert await bot.is_live()
        assert body["components"]["dead_letters"] == {"ok": False, "count": 1}
        await anna.send(room_id, "still there?")
        await anna.wait_for(room_id, lambda said: said.text == "text: still there?")


async def test_bots_do_not_answer_bots_nor_edits_nor_reactions(new_bot: NewBot, person: Person) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        event_id = await anna.send_content(room_id, {"msgtype": "m.notice", "body": "I am a bot, too"})
        edit = {"rel_type": "m.replace", "event_id": event_id}
        await anna.send_content(room_id, {"msgtype": "m.text", "body": "* x", "m.relates_to": edit})
        reaction = {"m.relates_to": {"rel_type": "m.annotation", "event_id": event_id, "key": "👍"}}
        await anna.send_content(room_id, reaction, "m.reaction")
        await anna.send(room_id, "")
        await anna.wait_for(room_id, lambda said: said.text == "text: ")
        assert texts(anna, room_id) == ["room_joined: ", "text: "]


async def test_a_new_device_can_read_the_answer_to_its_first_message(new_bot: NewBot, person: Person) -> None:
    """N9."""
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        keys = await anna.keys_of(anna.user_id)
        assert len(keys["device_keys"][anna.user_id]) == 1
        async with person() as berta:
            await demand(anna.client, "POST", f"/_matrix/client/v3/rooms/{room_id}/invite", {"user_id": berta.user_id})
            await berta.join(room_id)
            await berta.send(room_id, "Guten Tag")
            answer = await berta.wait_for(room_id, lambda said: said.sender == bot.user_id and said.is_encrypted)
            assert answer.text == "text: Guten Tag"


async def test_a_stranger_can_neither_stop_nor_silence_the_bot(new_bot: NewBot, person: Person) -> None:
    """N1 and N3."""
    bot = await running(new_bot)
    async with person() as mallory:
        keys = (await mallory.keys_of(bot.user_id))["device_keys"][bot.user_id]
        (device_id,) = keys
        own_key = keys[device_id]["keys"][f"curve25519:{device_id}"]
        claim = {"one_time_keys": {bot.user_id: {device_id: "signed_curve25519"}}}
        for _ in range(60):
            await demand(mallory.client, "POST", "/_matrix/client/v3/keys/claim", claim)
        for number, body in enumerate(("!!!!", "AAAA")):
            content = {
                "algorithm": "m.olm.v1.curve25519-aes-sha2",
                "sender_key": mallory.client.olm.account.identity_keys["curve25519"],
                "ciphertext": {own_key: {"type": number, "body": body}},
            }
            path = f"/_matrix/client/v3/sendToDevice/m.room.encrypted/{uuid4()}"
            await demand(mallory.client, "PUT", path, {"messages": {bot.user_id: {device_id: content}}})
    async with person() as anna:
        room_id = await room_with(bot, anna)
        await anna.send(room_id, "noch da?")
        await anna.wait_for(room_id, lambda said: said.text == "text: noch da?")
        counts = await demand(anna.client, "POST", "/_matrix/client/v3/keys/claim", claim)
        assert counts["one_time_keys"][bot.user_id][device_id]
    assert bot.process is not None
    assert bot.process.returncode is None


async def test_a_revoked_token_stops_the_bot_and_a_new_device_keeps_the_identity(
    new_bot: NewBot, person: Person, homeserver: HomeserverClient
) -> None:
    bot = await running(new_bot)
    async with person() as anna:
        before = await anna.keys_of(bot.user_id)
        room_id = await room_with(bot, anna)
        admin = await homeserver.login(bot.user_id[1:].partition(":")[0], PASSWORD)
        await admin.request("POST", "/_matrix/client/v3/logout/all", {})
        assert bot.process is not None
        async with asyncio.timeout(20):
            assert await bot.process.wait() == 1
        assert "M_UNKNOWN_TOKEN" in bot.log_file.read_text().splitlines()[-1]
        new_device(bot.config)
        await bot.start()
        await bot.ready()
        after = await anna.keys_of(bot.user_id)
        assert after["master_keys"] | {} == before["master_keys"] | after["master_keys"]
        assert after["self_signing_keys"] == before["self_signing_keys"]
        await anna.send(room_id, "wieder da?")
        await anna.wait_for(room_id, lambda said: said.text == "text: wieder da?")


async def test_two_bots_in_one_process_and_one_that_ends_does_not_take_the_other_along(
    new_bot: NewBot, person: Person, homeserver: HomeserverClient
) -> None:
    first, second = await new_bot(), await new_bot()
    first.more_configs = [second.config]
    await first.start()
    await first.ready()
    second.process = first.process
    await second.ready()
    async with person() as anna:
        rooms = [await room_with(bot, anna) for bot in (first, second)]
        admin = await homeserver.login(first.user_id[1:].partition(":")[0], PASSWORD)
        await admin.request("POST", "/_matrix/client/v3/logout/all", {})
        await anna.send(rooms[1], "noch da?")
        await anna.wait_for(rooms[1], lambda said: said.text == "text: noch da?")
        async with asyncio.timeout(20):
            while "bot stopped component=process bot=1 reason=" not in first.log_file.read_text():
                await asyncio.sleep(0.05)
        await anna.send(rooms[1], "immer noch?")
        await anna.wait_for(rooms[1], lambda said: said.text == "text: immer noch?")
    assert first.user_id not in first.log_file.read_text()
    await first.kill()


async def test_a_second_process_is_refused(new_bot: NewBot) -> None:
    bot = await running(new_bot)
    twin = BotProcess(bot.config, bot.user_id, bot.health_port)
    await twin.start()
    assert twin.process is not None
    assert await twin.process.wait() == 1
    assert "is in use by another process" in bot.log_file.read_text()


async def test_nothing_that_an_operator_sees_tells_who_said_what_where(new_bot: NewBot, person: Person) -> None:
    """Logs, metrics, health, doctor, dead letters, and the files on the disk."""
    bot = await running(new_bot)
    async with person() as anna:
        room_id = await room_with(bot, anna)
        for text in ("kanarienvogel", "raise", "file", "timer"):
            await anna.send(room_id, text)
        await anna.wait_for(room_id, lambda said: said.text == "text: timer")
        path = f"/_matrix/client/v3/rooms/{room_id}/send/m.room.encrypted/{uuid4()}"
        await demand(anna.client, "PUT", path, {"algorithm": "m.kanarienvogel"})
        await anna.wait_for(room_id, lambda said: "noch einmal" in said.text)
        seen = [await bot.page("metrics"), await bot.page("ready"), await bot.page("live")]
        seen += [await bot.command("doctor"), await bot.command("dead-letters", "list")]
        assert 'tim_bot_undecryptable_total{outcome="asked"} 1.0' in seen[0]
        assert "in-" in seen[-1]
        user_id = anna.user_id
        device_id = anna.client.device_id
    await bot.stop()
    log = bot.log_file.read_text()
    assert "component=worker error=RuntimeError" in log
    name, _, server_name = user_id[1:].partition(":")
    for personal in (name, bot.user_id, room_id.partition(":")[0], server_name, device_id, "termin.ics", "127.0.0.1"):
        assert not [text for text in (*seen, log) if personal in text], personal
    for text in (*seen, log):
        assert "kanarienvogel" not in text.casefold()
    state = bot.config.parent / "state"
    for file in state.iterdir():
        content = file.read_bytes()
        assert b"kanarienvogel" not in content.lower()
        assert b"termin.ics" not in content
        assert file.stat().st_mode & 0o077 == 0
    database = b"".join(file.read_bytes() for file in state.glob("bot.db*"))
    assert room_id.encode() in database  # so it is the right file
    assert name.encode() not in database
