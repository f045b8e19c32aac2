"""Kill a bot again and again while people talk to it: `python -m benchmarks.bots_soak` (or `make soak`).

A real Synapse, real E2EE clients, the real bot process with a flow that says what it is told. The bot gets SIGKILL
at random moments: while it starts, syncs, decides, sends. Afterwards every request must have been answered once, in
the order of its room, and readable. Prints a table; the exit code is 1 if anything was lost, doubled or unreadable.
"""

import argparse
import asyncio
import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

from tests.bots.conftest import PASSWORD, BotProcess, write_config

from tim_bots.scripted_user import ScriptedUser
from tim_sandbox.federation import Plan, running_sandbox
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.members import PRAXIS
from tim_sandbox.state import PORT_SPAN, UserState, free_base_port

_ROOMS = 5
_LONGEST_LIFE_SECONDS = 4.0
_PATIENCE_SECONDS = 240.0
_PORTS = range(33_000, 60_000, PORT_SPAN)
_LAST = "Schluss"


@dataclass(frozen=True, slots=True)
class Run:
    """What one run came to.

    Args:
        requests, kills: made.
        answered: requests with at least one readable answer.
        duplicates: answers beyond the first.
        undecryptable: messages of the bot that could not be read, and requests for which it asked again.
        out_of_order: rooms whose answers came in another order than the requests.
        seconds: from the first request to the last answer.
    """

    requests: int
    kills: int
    answered: int
    duplicates: int
    undecryptable: int
    out_of_order: int
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Nothing lost, doubled, unreadable or out of order."""
        faults = self.duplicates + self.undecryptable + self.out_of_order
        return self.answered == self.requests and faults == 0


async def soak(
    homeserver: HomeserverClient, directory: Path, port: int, *, requests: int, kills: int, seed: int
) -> Run:
    """One run.

    Args:
        homeserver: where the accounts are made.
        directory: for keys, state and log; must exist.
        port: for the bot's health service.
        requests, kills: how many.
        seed: of the dice.
    """
    dice = random.Random(seed)  # noqa: S311 - no secret
    user_id = await _new_account(homeserver, "bot")
    with redirect_stdout(sys.stderr):  # standard output is for the table
        config = write_config(directory / "bot", homeserver.client_url, user_id, port)
    bot = BotProcess(config, user_id, port)
    await bot.start()
    try:
        await bot.ready(seconds=60)
        person_id = await _new_account(homeserver, "person")
        async with ScriptedUser.online(homeserver.client_url, person_id, PASSWORD, directory / "person") as person:
            return await _talk(bot, person, dice, requests, kills)
    finally:
        await bot.kill()


async def _talk(bot: BotProcess, person: ScriptedUser, dice: random.Random, requests: int, kills: int) -> Run:
    rooms = [await person.create_room(invite=[bot.user_id]) for _ in range(_ROOMS)]
    for room_id in rooms:
        await person.wait_for(room_id, seconds=60)
    said: dict[str, list[str]] = {room_id: [] for room_id in rooms}
    began = time.monotonic()

    async def ask() -> None:
        for number in range(requests):
            room_id = dice.choice(rooms)
            await person.send(room_id, str(number))
            said[room_id].append(str(number))

    async def kill() -> None:
        for _ in range(kills):
            await asyncio.sleep(dice.uniform(0, _LONGEST_LIFE_SECONDS))
            await bot.kill()
            await bot.start()

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ask())
        tasks.create_task(kill())
    for room_id in rooms:  # an answer to this comes after all the others of its room
        await person.send(room_id, _LAST)
        said[room_id].append(_LAST)
    for room_id in rooms:
        await person.wait_for(room_id, lambda message: message.text == f"text: {_LAST}", seconds=_PATIENCE_SECONDS)
    seconds = time.monotonic() - began
    return _judge(person, said, requests, kills, seconds)


def _judge(person: ScriptedUser, said: dict[str, list[str]], requests: int, kills: int, seconds: float) -> Run:
    answered = duplicates = undecryptable = out_of_order = 0
    for room_id, texts in said.items():
        heard = person.heard(room_id)
        expected = [f"text: {text}" for text in texts]
        answers = [message.text for message in heard if message.text in set(expected)]
        answered += len(set(answers) - {f"text: {_LAST}"})
        duplicates += len(answers) - len(set(answers))
        undecryptable += sum(not message.is_encrypted or "entschlüsseln" in message.text for message in heard)
        out_of_order += list(dict.fromkeys(answers)) != [text for text in expected if text in set(answers)]
    return Run(requests, kills, answered, duplicates, undecryptable, out_of_order, seconds)


async def _new_account(homeserver: HomeserverClient, kind: str) -> str:
    user_id = f"@{kind}-{uuid4().hex[:8]}:{PRAXIS.server_name}"
    user = UserState(user_id=user_id, password=PASSWORD, display_name=kind, role=kind, is_admin=False, is_bot=False)
    await homeserver.ensure_user(user)
    return user_id


async def _all_runs(runs: int, requests: int, kills: int, seed: int) -> list[Run]:
    done: list[Run] = []
    with tempfile.TemporaryDirectory() as name:
        base = free_base_port(_PORTS)
        plan = Plan(Path(name) / "sandbox", base, members=(PRAXIS,), with_bot=False)
        async with running_sandbox(plan) as sandbox:
            homeserver = sandbox.homeserver(PRAXIS.server_name)
            for number in range(runs):
                directory = Path(name) / f"run-{number}"
                await asyncio.to_thread(directory.mkdir)
                done.append(
                    await soak(
                        homeserver,
                        directory,
                        free_base_port(_PORTS),
                        requests=requests,
                        kills=kills,
                        seed=seed + number,
                    )
                )
                print(f"run {number + 1}: {done[-1]}", file=sys.stderr)
    return done


def table(done: Sequence[Run]) -> str:
    """The result as Markdown."""
    versions = ", ".join(f"{name} {version(name)}" for name in ("matrix-synapse", "matrix-nio", "vodozemac"))
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    lines = [
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, {versions}",
        "",
        "| run | requests | SIGKILLs | answered | duplicates | undecryptable | rooms out of order | seconds |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for number, run in enumerate(done, 1):
        counts = f"{run.answered} | {run.duplicates} | {run.undecryptable} | {run.out_of_order}"
        lines.append(f"| {number} | {run.requests} | {run.kills} | {counts} | {run.seconds:.0f} |")
    sums = [sum(getattr(run, name) for run in done) for name in ("requests", "kills", "answered")]
    faults = [sum(getattr(run, name) for run in done) for name in ("duplicates", "undecryptable", "out_of_order")]
    total = sum(run.seconds for run in done)
    lines.append(f"| all | {' | '.join(map(str, sums))} | {' | '.join(map(str, faults))} | {total:.0f} |")
    return "\n".join(lines)


def main() -> None:
    """Run and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--requests", type=int, default=250, help="of each run")
    parser.add_argument("--kills", type=int, default=11, help="of each run")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"seed {arguments.seed}", file=sys.stderr)
    done = asyncio.run(_all_runs(arguments.runs, arguments.requests, arguments.kills, arguments.seed))
    print(table(done))
    if not all(run.is_clean for run in done):
        sys.exit(1)


if __name__ == "__main__":
    main()
