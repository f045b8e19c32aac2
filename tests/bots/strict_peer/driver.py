"""The strict client as a child process; see `peer.mjs`."""

import asyncio
import itertools
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
_LONGEST_LINE = 2**24


def missing() -> str | None:
    """Why the strict client cannot run here; None: it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (HERE / "node_modules" / "matrix-js-sdk").is_dir():
        return f"matrix-js-sdk is not installed; run: npm ci --prefix {HERE.relative_to(Path.cwd())}"
    return None


def require_strict_peer() -> None:
    """Skip the test, or fail it where the strict client must be there (CI)."""
    reason = missing()
    if reason is None:
        return
    if os.environ.get("TIM_REQUIRE_STRICT_PEER") == "1":
        pytest.fail(f"TIM_REQUIRE_STRICT_PEER=1, but {reason}")
    pytest.skip(reason)


class PeerFailed(Exception):
    """What the strict client says about a command that failed."""


class StrictPeer:
    """A person with a strict client."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count()
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self.user_id = ""
        self.device_id = ""

    async def do(self, command: str, **arguments: Any) -> Any:
        """Run a command of `peer.mjs`.

        Raises:
            PeerFailed: it failed.
        """
        number = next(self._ids)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"id": number, "do": command} | arguments).encode() + b"\n")
        async with asyncio.timeout(60):
            return await answer

    async def read_answers(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            said = json.loads(line)
            answer = self._answers.pop(said["id"])
            if "error" in said:
                answer.set_exception(PeerFailed(said["error"]))
            else:
                answer.set_result(said["result"])
        for answer in self._answers.values():
            answer.set_exception(PeerFailed("the process ended"))

    async def texts(self, room_id: str, count: int) -> list[str | None]:
        """What others said in the room, once it is `count` messages."""
        return [message["text"] for message in await self.do("heard", room=room_id, count=count)]


@asynccontextmanager
async def strict_peer(
    homeserver: str, user_id: str, password: str, recovery_key: str | None = None
) -> AsyncIterator[StrictPeer]:
    """A strict client that is logged in; with a recovery key it does not make an identity of its own."""
    process = await asyncio.create_subprocess_exec(
        "node",
        "peer.mjs",
        cwd=HERE,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=_LONGEST_LINE,
    )
    peer = StrictPeer(process)
    reading = asyncio.create_task(peer.read_answers())
    try:
        login = {"homeserver": homeserver, "user": user_id, "password": password, "recoveryKey": recovery_key}
        answer = await peer.do("login", **login)
        peer.user_id, peer.device_id = answer["userId"], answer["deviceId"]
        yield peer
    finally:
        reading.cancel()
        if process.returncode is None:
            process.kill()
        await process.wait()
