"""docs/bots-operations.md, "Back up and restore": what is written there works, and nothing is done twice."""

import asyncio
import shutil
import sqlite3
from pathlib import Path

from tests.bots.conftest import BotProcess, NewBot, Person
from tim_bots.cli import new_device
from tim_bots.scripted_user import ScriptedUser


def back_up(bot: BotProcess, copy: Path) -> None:
    """`.backup` of the running bot's database, as the page says."""
    with sqlite3.connect(bot.config.parent / "state/bot.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)


def restore(bot: BotProcess, copy: Path) -> None:
    state = bot.config.parent / "state"
    shutil.rmtree(state)
    state.mkdir(mode=0o700)
    shutil.copy(copy, state / "bot.db")
    (state / "bot.db").chmod(0o600)
    new_device(bot.config, restored=True)


def texts(person: ScriptedUser, room_id: str) -> list[str]:
    return [said.text for said in person.heard(room_id)]


async def test_a_restored_bot_goes_on_as_the_same_identity_and_repeats_nothing(
    new_bot: NewBot, person: Person, tmp_path: Path
) -> None:
    bot = await new_bot()
    await bot.start()
    await bot.ready()
    async with person() as anna:
        identity = (await anna.keys_of(bot.user_id))["master_keys"][bot.user_id]["keys"]
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        await anna.send(room_id, "vor der Sicherung")
        await anna.wait_for(room_id, lambda said: said.text == "text: vor der Sicherung")
        await asyncio.to_thread(back_up, bot, tmp_path / "backup.db")
        for text in ("nach der Sicherung", "auch danach"):
            await anna.send(room_id, text)
        await anna.wait_for(room_id, lambda said: said.text == "text: auch danach")
        await bot.kill()
        await anna.send(room_id, "als er weg war")
        await asyncio.to_thread(restore, bot, tmp_path / "backup.db")
        await bot.start()
        await bot.ready()
        await anna.send(room_id, "wieder da?")
        await anna.wait_for(room_id, lambda said: said.text == "text: wieder da?")
        assert texts(anna, room_id) == [
            "room_joined: ",
            "text: vor der Sicherung",
            "text: nach der Sicherung",
            "text: auch danach",
            "text: wieder da?",
        ]
        assert (await anna.keys_of(bot.user_id))["master_keys"][bot.user_id]["keys"] == identity


async def test_a_device_that_is_lost_alone_loses_no_message(new_bot: NewBot, person: Person) -> None:
    bot = await new_bot()
    await bot.start()
    await bot.ready()
    async with person() as anna:
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        await bot.kill()
        await anna.send(room_id, "als er weg war")
        await asyncio.to_thread(new_device, bot.config)
        await bot.start()
        await bot.ready()
        asked = await anna.wait_for(room_id, after=1)
        assert "Bitte senden Sie sie noch einmal" in asked.text
        await anna.send(room_id, "als er weg war")
        await anna.wait_for(room_id, lambda said: said.text == "text: als er weg war")
        assert len(texts(anna, room_id)) == 3


async def test_after_the_whole_folder_came_from_a_backup_a_new_device_mends_it(
    new_bot: NewBot, person: Person, tmp_path: Path
) -> None:
    """What the page forbids: the whole folder from a backup."""
    bot = await new_bot()
    await bot.start()
    await bot.ready()
    assert await bot.stop() == 0
    state = bot.config.parent / "state"
    await asyncio.to_thread(shutil.copytree, state, tmp_path / "everything")
    await bot.start()
    await bot.ready()
    async with person() as anna:  # uses up one-time keys, and the bot makes new ones
        for _ in range(3):
            room_id = await anna.create_room(invite=[bot.user_id])
            await anna.wait_for(room_id)
            await anna.send(room_id, "x")
            await anna.wait_for(room_id, lambda said: said.text == "text: x")
        await bot.kill()
        await asyncio.to_thread(shutil.rmtree, state)
        await asyncio.to_thread(shutil.copytree, tmp_path / "everything", state)
        await asyncio.to_thread(new_device, bot.config, restored=True)
        await bot.start()
        await bot.ready()
        await anna.send(room_id, "neu")
        await anna.wait_for(room_id, lambda said: said.text == "text: neu")
        assert texts(anna, room_id) == ["room_joined: ", "text: x", "text: neu"]
