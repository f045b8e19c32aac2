"""Two bot processes on one PostgreSQL: one works, the other takes over, and nobody is answered twice."""

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL, create_engine, text

from tests.bots.conftest import BotProcess, NewBot, Person, write_config
from tim_bots.scripted_user import ScriptedUser
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.workers.postgres import Postgres


async def twins(
    new_bot: NewBot,
    database_config: dict[str, str],
    homeserver: HomeserverClient,
    new_base_port: Callable[[], int],
    tmp_path: Path,
) -> tuple[BotProcess, BotProcess]:
    """The same account on two hosts: own directories, one database and one key."""
    first = await new_bot(**database_config)
    await first.start()
    await first.ready()
    port = new_base_port()
    config = write_config(tmp_path / "second", homeserver.client_url, first.user_id, port, **database_config)
    (config.parent / "key").write_bytes((first.config.parent / "key").read_bytes())
    second = BotProcess(config, first.user_id, port)
    await second.start()
    await is_standby(second)
    return first, second


async def is_standby(bot: BotProcess) -> None:
    async with asyncio.timeout(30):
        while True:
            assert bot.process
            assert bot.process.returncode is None, bot.log_file.read_text()
            try:
                status, body = await bot.readiness()
            except OSError:
                status, body = 0, {}
            if status == 503 and body["components"]["turn"] == {"ok": False}:
                return
            await asyncio.sleep(0.05)


def texts(person: ScriptedUser, room_id: str) -> list[str]:
    return [said.text for said in person.heard(room_id)]


async def test_the_second_host_takes_over_and_the_first_one_comes_back_too_late(
    new_bot: NewBot,
    person: Person,
    database_config: dict[str, str],
    homeserver: HomeserverClient,
    new_base_port: Callable[[], int],
    tmp_path: Path,
) -> None:
    first, second = await twins(new_bot, database_config, homeserver, new_base_port, tmp_path)
    assert first.process
    try:
        async with person() as anna:
            room_id = await anna.create_room(invite=[first.user_id])
            await anna.wait_for(room_id)
            await anna.send(room_id, "eins")
            await anna.wait_for(room_id, lambda said: said.text == "text: eins")
            for number in range(10):  # some of them are half done when it freezes
                await anna.send(room_id, str(number))
            os.kill(first.process.pid, signal.SIGSTOP)
            await anna.send(room_id, "zwei")
            await second.ready(seconds=60)
            await anna.wait_for(room_id, lambda said: said.text == "text: zwei", seconds=40)
            os.kill(first.process.pid, signal.SIGCONT)
            await is_standby(first)
            await anna.send(room_id, "drei")
            await anna.wait_for(room_id, lambda said: said.text == "text: drei")
            numbers = [f"text: {number}" for number in range(10)]
            assert texts(anna, room_id) == ["room_joined: ", "text: eins", *numbers, "text: zwei", "text: drei"]
            devices = (await anna.keys_of(first.user_id))["device_keys"][first.user_id]
            assert len(devices) == 1
            assert await second.stop() == 0
            await first.ready(seconds=20)
            await anna.send(room_id, "vier")
            await anna.wait_for(room_id, lambda said: said.text == "text: vier")
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
        if second.process and second.process.returncode is None:
            await second.kill()


async def test_a_database_server_that_drops_its_connections_costs_nothing(
    new_bot: NewBot, person: Person, database_config: dict[str, str], postgres: Postgres
) -> None:
    bot = await new_bot(**database_config)
    await bot.start()
    await bot.ready()
    url = URL.create("postgresql+psycopg2", "synapse", postgres.password, "127.0.0.1", postgres.port, "postgres")
    engine = create_engine(url)
    kick = text("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'tim-bot'")
    async with person() as anna:
        room_id = await anna.create_room(invite=[bot.user_id])
        await anna.wait_for(room_id)
        dropped = 0
        for number in range(5):
            with engine.begin() as connection:
                dropped += connection.scalar(kick) or 0
            await anna.send(room_id, str(number))
        assert dropped
        await anna.wait_for(room_id, lambda said: said.text == "text: 4", seconds=60)
        assert texts(anna, room_id) == ["room_joined: ", *(f"text: {number}" for number in range(5))]
    engine.dispose()
    assert await bot.stop() == 0
