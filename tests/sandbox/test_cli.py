"""`tim sandbox` as a person runs it: a process in a terminal."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from tim_sandbox.federation import ports_of
from tim_sandbox.processes import require_free_ports
from tim_sandbox.state import read_state

TIM = [sys.executable, "-m", "tim_cli.main", "sandbox"]


@dataclass
class Up:
    """A `tim sandbox up --no-bot` in a session of its own."""

    process: asyncio.subprocess.Process
    directory: Path

    async def read_until(self, text: str) -> str:
        """What it printed up to and including the line with `text`."""
        assert self.process.stdout is not None
        lines = []
        async with asyncio.timeout(60):
            while line := (await self.process.stdout.readline()).decode():
                lines.append(line)
                if text in line:
                    return "".join(lines)
        raise AssertionError(f"ended without {text!r}: {''.join(lines)}")

    async def end(self, number: signal.Signals) -> int:
        """Send a signal to it alone; its exit code."""
        self.process.send_signal(number)
        async with asyncio.timeout(20):
            return await self.process.wait()


StartUp = Callable[..., "asyncio.Future[Up]"]


@pytest_asyncio.fixture
async def start_up(tmp_path: Path, new_base_port: Callable[[], int]) -> AsyncIterator[StartUp]:
    started: list[Up] = []
    base_port = new_base_port()

    async def start(*options: str) -> Up:
        directory = tmp_path / "sandbox"
        command = [*TIM, "up", "--no-bot", "--dir", str(directory), "--base-port", str(base_port), *options]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True
        )
        started.append(Up(process, directory))
        return started[-1]

    yield lambda *options: asyncio.ensure_future(start(*options))
    for up in started:
        if up.process.returncode is None:
            up.process.kill()
            await up.process.wait()


async def test_up_prints_the_logins_and_leaves_nothing_behind(start_up: StartUp) -> None:
    up = await start_up()
    screen = await up.read_until("Ctrl-C stops everything")
    state = read_state(up.directory)
    for homeserver in state.homeservers:
        assert f"Element: homeserver URL {homeserver.client_url}" in screen
        for user in homeserver.users:
            assert f"{user.user_id:<34} {user.password}" in screen
    children = _children(up.process.pid)
    assert len(children) == 6  # four homeservers, VZD, proxy
    assert (await _tim("status", "--dir", str(up.directory)))[0] == 0

    assert await up.end(signal.SIGINT) == 0
    assert not _still_there(children)
    require_free_ports(ports_of(state))
    code, output = await _tim("status", "--dir", str(up.directory))
    assert code == 1
    assert "✗ praxis.tim.test" in output


async def test_a_second_start_keeps_accounts_and_a_fresh_one_does_not(start_up: StartUp) -> None:
    first = await start_up()
    await first.read_until("Ctrl-C stops everything")
    before = read_state(first.directory)
    assert await first.end(signal.SIGTERM) == 0

    second = await start_up()
    await second.read_until("Ctrl-C stops everything")
    assert read_state(second.directory) == before
    assert await second.end(signal.SIGTERM) == 0

    third = await start_up("--fresh")
    await third.read_until("✓")
    assert read_state(third.directory) != before


async def test_ctrl_c_while_it_starts_leaves_nothing_behind(start_up: StartUp) -> None:
    up = await start_up()
    await up.read_until("✓ CONNECT proxy")
    children = _children(up.process.pid)
    assert children
    assert await up.end(signal.SIGINT) == 0
    assert not _still_there(children)
    require_free_ports(ports_of(read_state(up.directory)))


async def test_a_part_that_dies_ends_the_sandbox_with_one_line(start_up: StartUp) -> None:
    up = await start_up()
    await up.read_until("Ctrl-C stops everything")
    os.kill(_children(up.process.pid)[0], signal.SIGKILL)
    async with asyncio.timeout(20):
        output, errors = await up.process.communicate()
    assert up.process.returncode == 2, output
    assert errors.decode().count("\n") == 1
    assert errors.startswith(b"tim: stand-in VZD: ended with code -9; last line of ")


async def test_a_directory_serves_one_sandbox_at_a_time(start_up: StartUp) -> None:
    first = await start_up()
    await first.read_until("✓")
    second = await start_up("--base-port", "30000")
    _, errors = await second.process.communicate()
    assert second.process.returncode == 2
    text = f"tim: {second.directory}: a sandbox is running here; stop it or choose another --dir\n"
    assert errors.decode() == text


async def test_a_taken_port_is_named_in_one_line(start_up: StartUp, new_base_port: Callable[[], int]) -> None:
    base_port = new_base_port()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base_port + 1))
        taken.listen()
        up = await start_up("--base-port", str(base_port))
        _, errors = await up.process.communicate()
    assert up.process.returncode == 2
    assert errors.decode().startswith(f"tim: port {base_port + 1} (CONNECT proxy) is already in use; ")
    assert errors.count(b"\n") == 1


async def test_a_directory_with_other_things_in_it_is_left_alone(start_up: StartUp, tmp_path: Path) -> None:
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "letters").write_text("dear")
    up = await start_up("--fresh")
    _, errors = await up.process.communicate()
    assert up.process.returncode == 2
    assert b"not empty and not a sandbox" in errors
    assert (tmp_path / "sandbox" / "letters").read_text() == "dear"


@pytest.mark.parametrize(
    ("content", "text"), [(None, "no sandbox here"), ("{}", "not readable"), ("{", "not readable")]
)
async def test_status_without_a_sandbox_says_so(tmp_path: Path, content: str | None, text: str) -> None:
    if content is not None:
        (tmp_path / "state.json").write_text(content)
    code, output = await _tim("status", "--dir", str(tmp_path))
    assert code == 2
    assert text in output


async def _tim(*arguments: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *TIM, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    return process.returncode, output.decode()


def _still_there(pids: list[int]) -> list[int]:
    return [pid for pid in pids if Path(f"/proc/{pid}").exists()]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
