"""A bot process to talk to, and people to talk to it."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest
import yaml

from tim_bots.cli import new_key
from tim_bots.scripted_user import MemorySeeds, ScriptedUser
from tim_sandbox.homeserver_client import HomeserverClient
from tim_sandbox.running import Sandbox
from tim_sandbox.state import UserState

PASSWORD = "correct horse battery staple"
SERVER_NAME = "praxis.tim.test"

Person = Callable[..., AbstractAsyncContextManager[ScriptedUser]]
NewUserId = Callable[[str], Awaitable[str]]


@pytest.fixture
def server_name() -> str:
    """Where the bot and the people are."""
    return SERVER_NAME


@pytest.fixture
def homeserver(federation: Sandbox, server_name: str) -> HomeserverClient:
    """A real Synapse."""
    return federation.homeserver(server_name)


@pytest.fixture
def new_user_id(homeserver: HomeserverClient, server_name: str) -> NewUserId:
    """Creates an account that has no device yet."""

    async def create(kind: str) -> str:
        name = f"{kind}-{uuid4().hex[:8]}"
        user = UserState(
            user_id=f"@{name}:{server_name}",
            password=PASSWORD,
            display_name="Echo (Chatbot)" if kind == "bot" else name,
            role=kind,
            is_admin=False,
            is_bot=False,
        )
        await homeserver.ensure_user(user)
        return user.user_id

    return create


@pytest.fixture
def person(homeserver: HomeserverClient, new_user_id: NewUserId, tmp_path: Path) -> Person:
    """Creates an account and a cross-signed E2EE client for it."""

    @asynccontextmanager
    async def online(user_id: str | None = None, seeds: MemorySeeds | None = None) -> AsyncIterator[ScriptedUser]:
        user_id = user_id or await new_user_id("person")
        store_dir = tmp_path / uuid4().hex
        async with ScriptedUser.online(homeserver.client_url, user_id, PASSWORD, store_dir, seeds) as user:
            yield user

    return online


@pytest.fixture(scope="session")
def listed_nurse_seeds() -> MemorySeeds:
    """The account lives as long as the federation, and so does its identity."""
    return MemorySeeds()


@pytest.fixture
async def listed_nurse(
    federation: Sandbox, listed_nurse_seeds: MemorySeeds, tmp_path: Path
) -> AsyncIterator[ScriptedUser]:
    """The nurse whom the directory lists as care service, on another homeserver than the bot; with a new device."""
    pflege = federation.state.homeserver("pflege.tim.test")
    nurse = next(user for user in pflege.users if user.user_id == "@schwester.anna:pflege.tim.test")
    store_dir = tmp_path / "nurse"
    async with ScriptedUser.online(
        pflege.client_url, nurse.user_id, nurse.password, store_dir, listed_nurse_seeds
    ) as user:
        yield user


@dataclass
class BotProcess:
    """`tim bot run` as a child process, with its log."""

    config: Path
    user_id: str
    health_port: int
    module: str = "tests.bots.echo_bot"
    process: asyncio.subprocess.Process | None = None
    more_configs: Sequence[Path] = ()

    @property
    def log_file(self) -> Path:
        return self.config.with_suffix(".log")

    async def start(self) -> None:
        with self.log_file.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.module,
                *map(str, (self.config, *self.more_configs)),
                stderr=log,
                stdout=log,
            )

    async def ready(self, *, seconds: float = 30) -> None:
        """Wait until `/ready` is green."""
        async with asyncio.timeout(seconds):
            while True:
                assert self.process, "not started"
                assert self.process.returncode is None, self.log_file.read_text()
                with suppress(aiohttp.ClientError):
                    if (await self.readiness())[0] == 200:
                        return
                await asyncio.sleep(0.05)

    async def readiness(self) -> tuple[int, Any]:
        """Status and body of `/ready`."""
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"http://127.0.0.1:{self.health_port}/ready") as response,
        ):
            return response.status, await response.json()

    async def page(self, name: str) -> str:
        """What the health service says there."""
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.health_port}/{name}") as response:
            return await response.text()

    async def command(self, *words: str) -> str:
        """What `tim bot ...` prints, while the bot runs."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tim_cli.main", "bot", *words, "--config", str(self.config)),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return (await process.communicate())[0].decode()

    async def is_live(self) -> bool:
        """What `/live` says."""
        async with aiohttp.ClientSession() as http, http.get(f"http://127.0.0.1:{self.health_port}/live") as response:
            return response.status == 200

    async def kill(self) -> None:
        assert self.process
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        assert self.process
        self.process.terminate()
        return await self.process.wait()


NewBot = Callable[..., Awaitable[BotProcess]]


@pytest.fixture
async def new_bot(homeserver: HomeserverClient, new_user_id: NewUserId, tmp_path: Path) -> AsyncIterator[NewBot]:
    """Creates an account and the configuration of a bot; `module` is the program that runs it."""
    made: list[BotProcess] = []

    async def make(module: str = "tests.bots.echo_bot", **changes: Any) -> BotProcess:
        user_id = await new_user_id("bot")
        directory = tmp_path / uuid4().hex
        port = free_port()
        config = write_config(directory, homeserver.client_url, user_id, port, **changes)
        made.append(BotProcess(config, user_id, port, module))
        return made[-1]

    yield make
    for bot in made:
        if bot.process and bot.process.returncode is None:
            await bot.kill()


def free_port() -> int:
    """One that the system gives out, which nobody else asks for by number."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def write_config(directory: Path, homeserver: str, user_id: str, health_port: int, /, **changes: Any) -> Path:
    """A complete `bot.yaml` with its secret files."""
    directory.mkdir(mode=0o700)
    password = directory / "password"
    password.touch(mode=0o600)
    password.write_text(PASSWORD + "\n")
    new_key(directory / "key")
    config = {
        "homeserver": homeserver,
        "user_id": user_id,
        "password_file": "password",
        "key_file": "key",
        "state_dir": "state",
        "health_port": health_port,
        "display_name": "Echo (Chatbot)",
        "organisation": "Praxis am Markt",
        "calendar": {"location": "Markt 1", "opening_hours": {"mo": ["08:00-12:00"]}},
    }
    path = directory / "bot.yaml"
    path.write_text(yaml.safe_dump(config | changes, allow_unicode=True))
    return path
