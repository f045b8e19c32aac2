"""How soon the staff sees a request and gets an answer: `python -m benchmarks.flows [--write]`.

Three homeservers that federate with each other, a bot with a counter, people with real encrypted clients. First a
nurse of another homeserver asks for a person, and the card appears in the counter room; then 20 members of the staff
write commands, every twenty seconds each, while 300 requests are open.
"""

import argparse
import asyncio
import secrets
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import yaml

from benchmarks.machine import any_base_port, this_machine
from tim_bots.cipher import write_new_key
from tim_bots.config import load_config
from tim_bots.counter.case import Asker, CounterCase, Urgency
from tim_bots.counter.counter import Counter
from tim_bots.matrix_http import demand
from tim_bots.scripted_user import ScriptedUser
from tim_bots.state import open_database
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.members import APOTHEKE, PFLEGE, PRAXIS
from tim_sandbox.running import Sandbox
from tim_sandbox.state import UserState

PASSWORD = secrets.token_hex(16)
REQUESTS, OPEN, STAFF = 60, 300, 20
THINKING_SECONDS, STAFF_SECONDS = 20.0, 120.0
CARD_LIMIT, COMMAND_LIMIT = 2.0, 1.0
RESULT = Path(__file__).parent / "results" / "flows.md"


@dataclass(frozen=True, slots=True)
class Bot:
    """A bot with a counter.

    Args:
        config: its `bot.yaml`.
        user_id: its account.
        port: of its health service.
    """

    config: Path
    user_id: str
    port: int


async def account(homeserver: HomeserverClient, server_name: str, name: str) -> str:
    """Make an account."""
    user = UserState(
        user_id=f"@{name}-{secrets.token_hex(3)}:{server_name}",
        password=PASSWORD,
        display_name="Tresen (Chatbot)" if name == "bot" else name,
        role="bot" if name == "bot" else "person",
        is_admin=False,
        is_bot=False,
    )
    await homeserver.ensure_user(user)
    return user.user_id


async def person(stack: AsyncExitStack, sandbox: Sandbox, server_name: str, name: str, folder: Path) -> ScriptedUser:
    """An account with an encrypted client, until the stack is left."""
    homeserver = sandbox.homeserver(server_name)
    user_id = await account(homeserver, server_name, name)
    client = ScriptedUser.online(homeserver.client_url, user_id, PASSWORD, folder / uuid4().hex)
    return await stack.enter_async_context(client)


def write_bot(folder: Path, homeserver: str, user_id: str, port: int) -> Bot:
    """The bot's files, without the counter."""
    folder.mkdir(mode=0o700)
    password = folder / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD)
    write_new_key(folder / "key")
    config = folder / "bot.yaml"
    settings: dict[str, Any] = {
        "homeserver": homeserver,
        "user_id": user_id,
        "password_file": "password",
        "key_file": "key",
        "state_dir": "state",
        "health_port": port,
        "display_name": "Tresen (Chatbot)",
        "organisation": "Praxis am Markt",
        "calendar": {"location": "Markt 1", "opening_hours": {"mo": ["08:00-12:00"]}},
    }
    config.write_text(yaml.safe_dump(settings, allow_unicode=True))
    return Bot(config, user_id, port)


def add_counter(bot: Bot, room_id: str, members: Sequence[ScriptedUser]) -> None:
    """Give the bot its counter."""
    staff = {f"m{i}": {"user_id": user.user_id, "name": f"Mitglied {i}"} for i, user in enumerate(members)}
    config = yaml.safe_load(bot.config.read_text()) | {"staff_room": room_id, "counter": {"members": staff}}
    bot.config.write_text(yaml.safe_dump(config, allow_unicode=True))


@asynccontextmanager
async def running(bot: Bot) -> AsyncIterator[None]:
    """The bot's process, ready."""
    with bot.config.with_suffix(".log").open("ab") as log:
        command = (sys.executable, "-m", "tim_cli.main", "bot", "run", "--config", str(bot.config))
        process = await asyncio.create_subprocess_exec(*command, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(60), aiohttp.ClientSession() as http:
            while True:
                try:
                    async with http.get(f"http://127.0.0.1:{bot.port}/ready") as response:
                        if response.status == 200:  # noqa: PLR2004 - OK
                            break
                except aiohttp.ClientError:
                    pass
                await asyncio.sleep(0.1)
        yield
    finally:
        process.terminate()
        await process.wait()


def open_many(bot: Bot, count: int) -> None:
    """Put requests on the counter of a bot that does not run, without sending their cards."""
    config = load_config(bot.config)
    if config.counter is None or config.staff_room is None:
        raise SystemExit("the bot has no counter")
    with open_database(config) as (connection, cipher):
        counter = Counter(config.counter, cipher, config.staff_room)
        for number in range(count):
            asker = Asker(f"!room{number}:pflege.tim.test", f"@nurse{number}:pflege.tim.test", "Pflegedienst")
            lines = ("Ramipril 5 mg, 100 Stück", "noch für 3 Tage")
            now, urgency = datetime.now(UTC), Urgency.ROUTINE
            counter.open(connection, CounterCase("person", uuid4(), "Rezeptanfrage", lines, urgency, asker, now))


async def request_to_card(nurse: ScriptedUser, staff: ScriptedUser, rooms: list[str], counter: str) -> list[float]:
    """Seconds from the nurse's message to the decrypted card, one request after the other."""
    seconds = []
    for number in range(1, REQUESTS + 1):
        room_id = rooms[number % len(rooms)]
        began = time.monotonic()
        await nurse.send(room_id, "mensch")
        head = f"Anfrage {number} ·"
        await staff.wait_for(counter, lambda said, head=head: said.text.startswith(head), seconds=60)  # type: ignore[misc]  # binds the loop variable
        seconds.append(time.monotonic() - began)
        after = len(nurse.heard(room_id))
        await staff.send(counter, f"!ok {number}")
        await nurse.wait_for(room_id, lambda said: "abgeschlossen" in said.text, after=after, seconds=60)
    return seconds


async def commands(staff: Sequence[ScriptedUser], counter: str, first: int) -> list[float]:
    """Seconds from a command to its decrypted answer, of all members together."""
    seconds: list[float] = []
    free, chance = list(range(first, first + OPEN)), secrets.SystemRandom()

    async def command(user: ScriptedUser) -> float:
        number = free.pop(chance.randrange(len(free)))
        word, answer = chance.choice((("zeig", f"Anfrage {number} ·"), ("nehme", f"Anfrage {number}: ")))
        after = len(user.heard(counter))
        began = time.monotonic()
        await user.send(counter, f"!{word} {number}")
        await user.wait_for(counter, lambda said: said.text.startswith(answer), after=after, seconds=60)
        return time.monotonic() - began

    async def work(user: ScriptedUser, ends: float) -> None:
        while time.monotonic() < ends:
            await asyncio.sleep(chance.uniform(0, 2 * THINKING_SECONDS))
            seconds.append(await command(user))

    for user in staff:  # each client gives its keys to the others once; that is not the bot's time
        await command(user)
    ends = time.monotonic() + STAFF_SECONDS
    await asyncio.gather(*(work(user, ends) for user in staff))
    return seconds


def row(what: str, seconds: Sequence[float], limit: float) -> str:
    """A line of the table."""
    p95 = statistics.quantiles(seconds, n=20)[-1]
    verdict = "reached" if p95 <= limit else "**missed**"
    figures = f"{statistics.median(seconds):.2f} s | {p95:.2f} s | {max(seconds):.2f} s"
    return f"| {what} | {len(seconds)} | {figures} | p95 ≤ {limit:.0f} s: {verdict} |"


async def measure(folder: Path) -> list[str]:
    """The lines of the table."""
    plan = Plan(folder / "sandbox", any_base_port(), members=(PRAXIS, PFLEGE, APOTHEKE), with_bot=False)
    practice = PRAXIS.server_name
    async with running_sandbox(plan) as sandbox, AsyncExitStack() as stack:
        homeserver = sandbox.homeserver(practice)
        bot_id = await account(homeserver, practice, "bot")
        bot = write_bot(folder / "bot", homeserver.client_url, bot_id, any_base_port())
        nurse = await person(stack, sandbox, PFLEGE.server_name, "nurse", folder)
        staff = [await person(stack, sandbox, practice, f"staff{i}", folder) for i in range(STAFF)]
        counter = await staff[0].create_room(invite=[bot_id])
        for user in staff[1:]:  # one after the other: a TI-M homeserver refuses many at once
            path = f"/_matrix/client/v3/rooms/{quote(counter, safe='')}/invite"
            await demand(staff[0].client, "POST", path, {"user_id": user.user_id})
            await user.join(counter)
        add_counter(bot, counter, staff)
        async with running(bot):
            await staff[0].wait_for(counter, lambda said: "das ist der Tresen" in said.text, seconds=60)
            rooms = [await nurse.create_room(invite=[bot_id]) for _ in range(6)]
            for room_id in rooms:
                await nurse.wait_for(room_id, lambda said: said.text.startswith("Guten Tag"), seconds=60)
            cards = await request_to_card(nurse, staff[0], rooms, counter)
        open_many(bot, OPEN)
        async with running(bot):
            answers = await commands(staff, counter, REQUESTS + 1)
    return [
        row("request of a nurse of another homeserver to its card in the counter room", cards, CARD_LIMIT),
        row(f"command to its answer, {OPEN} requests open, {STAFF} members", answers, COMMAND_LIMIT),
    ]


def main() -> None:
    """Measure and print, or write, a Markdown page."""
    parser = argparse.ArgumentParser(description="How soon the staff sees a request and gets an answer.")
    parser.add_argument("--write", action="store_true", help="write results/flows.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        table = asyncio.run(measure(Path(folder)))
    head = "| what | n | median | p95 | worst | wanted |\n| --- | --- | --- | --- | --- | --- |"
    page = "\n".join(
        (
            "# The counter\n",
            f"{datetime.now(UTC):%Y-%m-%d}. {this_machine()}\n",
            "Three homeservers, all clients and the bot on this one machine. Time from before a person's client",
            "encrypts the message until the reader's client has decrypted the answer. Each member writes a command",
            f"every {THINKING_SECONDS:.0f} s on average; every client had given its keys to the others before.\n",
            head,
            *table,
        )
    )
    if arguments.write:
        RESULT.write_text(page + "\n", encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
