"""`docs/bots.md` and the German guide, done as they say: on a real homeserver, with the real bot."""

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.bots.appointment.conftest import Practice, make_calendar
from tests.bots.conftest import PASSWORD, BotProcess, NewUserId, Person, homeserver, new_user_id, person, server_name
from tim_bots.cipher import Cipher
from tim_bots.config import load_config
from tim_bots.database import open_engine
from tim_bots.flow import SendText
from tim_bots.scripted_user import ScriptedUser
from tim_sandbox.homeserver_client import HomeserverClient

__all__ = ["homeserver", "new_user_id", "person", "server_name"]

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "bots.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "anleitung-terminassistent.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    (found,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def base() -> dict[str, Any]:
    return dict(yaml.safe_load(blocks(section("Set up"), "yaml")[0]))


def additions() -> list[dict[str, Any]]:
    return [yaml.safe_load(text) for text in blocks(PAGE, "yaml") if text.startswith("# add to")]


class Machine:
    """The practice's machine: a folder, the bot in it, and a shell."""

    def __init__(self, folder: Path, bot: BotProcess) -> None:
        self.folder = folder
        self.bot = bot

    async def run(self, command: str) -> str:
        """Run one line of the page; what it printed."""
        line = command.replace("9010", str(self.bot.health_port))
        environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
        process = await asyncio.create_subprocess_shell(
            line,
            cwd=self.folder,
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, f"{line}: {output.decode()}"
        return output.decode()

    async def follow(self, title: str) -> str:
        """Run all lines of a section; what they printed."""
        lines = [line for block in blocks(section(title), "sh") for line in block.splitlines()]
        # the test starts the bot when it is time
        outputs = [await self.run(line) for line in lines if line != "tim bot run --config termin.yaml"]
        return "\n".join(outputs)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.bot.start()
        await self.bot.ready()
        yield
        assert await self.bot.stop() == 0


@pytest.fixture
async def machine(
    homeserver: HomeserverClient, new_user_id: NewUserId, tmp_path: Path, new_base_port: Any
) -> AsyncIterator[Machine]:
    folder = tmp_path / "practice"
    folder.mkdir(mode=0o700)
    user_id, port = await new_user_id("termin"), new_base_port()
    password = folder / "termin.password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD + "\n")
    always = {day: ["00:00-24:00"] for day in ("mo", "di", "mi", "do", "fr", "sa", "so")}
    changes = {"homeserver": homeserver.client_url, "user_id": user_id, "health_port": port}
    config = folder / "termin.yaml"
    settings = base() | changes
    settings["calendar"] |= {"opening_hours": always}
    config.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
    bot = BotProcess(config, user_id, port, "tests.bots.real_bot")
    yield Machine(folder, bot)
    if bot.process and bot.process.returncode is None:
        await bot.kill()


async def ask(person: ScriptedUser, room_id: str, text: str, part: str) -> str:
    after = len(person.heard(room_id))
    await person.send(room_id, text)
    return (await person.wait_for(room_id, lambda said: part in said.text, after=after, seconds=40)).text


async def know_devices(person: ScriptedUser, user_id: str) -> None:
    """Wait until the person's client has heard of a new device; what it sends before, that device cannot read."""
    wanted = (await person.keys_of(user_id))["device_keys"][user_id].keys()
    devices = person.client.device_store
    await person.until(lambda: wanted <= {one.id for one in devices.active_user_devices(user_id)}, seconds=40)


async def test_the_life_of_a_bot(machine: Machine, person: Person, tmp_path: Path) -> None:
    shown = await machine.follow("Set up")
    assert "Recovery key" in shown
    (tmp_path / "practice" / "elsewhere").mkdir(mode=0o700)
    async with person() as anna:
        async with machine.running():
            room_id = await anna.create_room(invite=[machine.bot.user_id])
            await anna.wait_for(room_id, lambda said: said.text.startswith("Guten Tag"), seconds=40)
            await ask(anna, room_id, "Termin", "sind frei")
            await ask(anna, room_id, "1", "Terminnummer: T-1001")
            assert '"live": true' in await machine.follow("Watch it")
            await machine.run(blocks(section("Back up"), "sh")[0].strip())
            await ask(anna, room_id, "Termin", "sind frei")
            await ask(anna, room_id, "1", "Terminnummer: T-1002")
        for line in blocks(section("Back up"), "sh")[1].splitlines():
            await machine.run(line)
        async with machine.running():
            await know_devices(anna, machine.bot.user_id)
            listed = await ask(anna, room_id, "meine Termine", "Raum:")
            assert listed.startswith("Ihr Termin in diesem Raum:")  # the second one was made after the copy
        assert sum("T-1002" in said.text for said in anna.heard(room_id)) == 1
        await machine.follow("Renew the key")
        await machine.follow("Move to another machine")
        for name in ("termin.yaml", "termin.password", "termin.key", "termin-state"):
            moved = machine.folder / name
            shutil.rmtree(moved) if moved.is_dir() else moved.unlink()
        machine.folder /= "elsewhere"
        machine.bot.config = machine.folder / "termin.yaml"
        async with machine.running():
            await ask(anna, room_id, "meine Termine", "Ihr Termin in diesem Raum:")


async def test_pins_are_issued_as_the_page_says(machine: Machine) -> None:
    (persons,) = [one for one in additions() if "persons" in one]
    config = machine.bot.config
    config.write_text(config.read_text(encoding="utf-8") + yaml.safe_dump(persons), encoding="utf-8")
    await machine.follow("Set up")
    shown = await machine.follow("Know who writes, and what they consent to")
    assert re.search(r"!verbinden \d{6}", shown)
    assert "connected" in shown


def test_every_configuration_of_the_page_is_accepted(tmp_path: Path) -> None:
    settings = base()
    for number, addition in enumerate(additions()):
        settings |= addition
        path = tmp_path / f"{number}.yaml"
        path.write_text(yaml.safe_dump(settings, allow_unicode=True), encoding="utf-8")
        load_config(path)
    assert {"staff", "persons", "client_report"} <= settings.keys()


@pytest.mark.parametrize("text", [PAGE, GUIDE], ids=["bots.md", "guide"])
def test_every_link_leads_somewhere(text: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text):
        assert (DOCS / target).exists(), target
    for file in re.findall(r"`(tests/[^`]+)`", text):
        assert (DOCS.parent / file).exists(), file


def test_the_conversation_of_the_guide_goes_as_it_stands_there(tmp_path: Path) -> None:
    practice = Practice(open_engine(tmp_path / "bot.db"), make_calendar(slot_minutes=15), Cipher(bytes(range(32))))
    (transcript,) = blocks(GUIDE, "text")
    turns = re.findall(r"^Sie: (.*)\nAssistent: (.*(?:\n(?:  .*)?(?!Sie:))*)", transcript, re.MULTILINE)
    assert len(turns) == transcript.count("Sie: ")
    for said, expected in turns:
        answers = [answer.text for answer in practice.hears(said) if isinstance(answer, SendText)]
        assert answers == [re.sub(r"^  ", "", expected.strip(), flags=re.MULTILINE)]


def test_the_words_of_the_guide_are_understood(tmp_path: Path) -> None:
    words = re.findall(r"^\| ([a-zü]+(?: [A-Z][a-z]+)?) \|", GUIDE, re.MULTILINE)
    assert "zurück" in words
    practice = Practice(open_engine(tmp_path / "bot.db"), make_calendar(), Cipher(bytes(range(32))))
    for word in (word for word in words if word != "stopp"):
        practice.says("Termin")
        assert not practice.says(word).startswith("Das habe ich nicht verstanden"), word
