"""The supervisor of the child processes."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tim_sandbox.errors import PartFailed, PortTaken
from tim_sandbox.processes import Supervisor, require_free_ports

FOREVER = [sys.executable, "-c", "import signal; signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()",
]
OWNER = """
import asyncio, pathlib, sys
from tim_sandbox.processes import Supervisor

async def main():
    supervisor = Supervisor(pathlib.Path(sys.argv[1]))
    await supervisor.start("child", [sys.executable, "-c", "import signal; signal.pause()"])
    print(supervisor.pids["child"], flush=True)
    await supervisor.watch()

asyncio.run(main())
"""


@pytest_asyncio.fixture
async def supervisor(tmp_path: Path) -> AsyncIterator[Supervisor]:
    supervisor = Supervisor(tmp_path)
    yield supervisor
    await supervisor.stop_all()


async def test_a_child_leads_a_session_of_its_own(supervisor: Supervisor) -> None:
    await supervisor.start("part", FOREVER)
    pid = supervisor.pids["part"]
    assert os.getsid(pid) == pid


async def test_a_stopped_child_is_gone(supervisor: Supervisor) -> None:
    await supervisor.start("part", FOREVER)
    pid = supervisor.pids["part"]
    await supervisor.stop_all()
    assert not _is_running(pid)
    assert supervisor.pids == {}


async def test_a_child_that_ignores_sigterm_is_killed(
    supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tim_sandbox.processes._GRACE", 0.2)
    await supervisor.start("part", STUBBORN)
    await supervisor.wait_until_ready("part", lambda: _answer(yes=_wrote(tmp_path / "part.log")))
    pid = supervisor.pids["part"]
    await supervisor.stop("part")
    assert not _is_running(pid)


@pytest.mark.parametrize(
    ("code", "last"),
    [
        ("raise SystemExit('cannot open the database')", "cannot open the database"),
        ("print('starting'); raise ValueError('no such key')", "ValueError: no such key"),
        (
            "print('Error in configuration:\\n  modules: nope'); raise SystemExit(1)",
            "Error in configuration: modules: nope",
        ),
        ("print('boom\\n****\\nThere may be more information in the logs.\\n***'); raise SystemExit(1)", "boom"),
    ],
)
async def test_an_early_end_is_told_in_one_line(supervisor: Supervisor, tmp_path: Path, code: str, last: str) -> None:
    await supervisor.start("some part", [sys.executable, "-c", code])
    with pytest.raises(PartFailed) as failure:
        await supervisor.wait_until_ready("some part", lambda: _answer(yes=False))
    text = f"some part: ended with code 1; last line of {tmp_path / 'some-part.log'}: {last}"
    assert str(failure.value) == text


async def test_a_silent_end_is_told_too(supervisor: Supervisor) -> None:
    await supervisor.start("part", [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(PartFailed, match=r"ended with code 3; it wrote nothing"):
        await supervisor.watch()


async def test_a_part_that_never_gets_ready_is_a_failure(supervisor: Supervisor) -> None:
    await supervisor.start("part", FOREVER)
    with pytest.raises(PartFailed, match="not ready after 0 s"):
        await supervisor.wait_until_ready("part", lambda: _answer(yes=False), timeout_seconds=0.2)


async def test_watch_names_the_part_that_ended(supervisor: Supervisor) -> None:
    await supervisor.start("steady", FOREVER)
    await supervisor.start("victim", FOREVER)
    os.kill(supervisor.pids["victim"], signal.SIGKILL)
    with pytest.raises(PartFailed, match=r"^victim: ended with code -9"):
        await supervisor.watch()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_no_child_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    child = int(await owner.stdout.readline())
    assert _is_running(child)
    owner.kill()
    await owner.wait()
    async with asyncio.timeout(10):
        await _ended(child)


def test_a_taken_port_is_named_with_its_part() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"^port {port} \(stand-in VZD\) is already in use; .*--base-port$"):
            require_free_ports({"stand-in VZD": port})
    require_free_ports({"stand-in VZD": port})


async def _answer(*, yes: bool) -> bool:
    return yes


def _wrote(log: Path) -> bool:
    return log.stat().st_size > 0


async def _ended(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(process, ended.set)
    await ended.wait()
    asyncio.get_running_loop().remove_reader(process)
    os.close(process)


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
