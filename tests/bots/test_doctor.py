"""`tim bot doctor`: one line each, and an exit code that can be relied on."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest

from tests.bots.conftest import PASSWORD, NewBot, write_config
from tim_bots.config import load_config
from tim_bots.doctor import Finding, Verdict, examine, judge_clock, judge_disk, judge_versions
from tim_bots.state import database_place
from tim_sandbox.homeserver_client import HomeserverClient

MIB = 2**20


@pytest.mark.parametrize(
    ("free", "verdict"),
    [
        (0, Verdict.FAIL),
        (100 * MIB - 1, Verdict.FAIL),
        (100 * MIB, Verdict.WARN),
        (1024 * MIB - 1, Verdict.WARN),
        (1024 * MIB, Verdict.OK),
    ],
)
def test_disk(free: int, verdict: Verdict) -> None:
    assert judge_disk(free).verdict is verdict


@pytest.mark.parametrize(
    ("skew", "verdict"),
    [
        (0.0, Verdict.OK),
        (-5, Verdict.OK),
        (6, Verdict.WARN),
        (-60, Verdict.WARN),
        (61, Verdict.FAIL),
        (-1e6, Verdict.FAIL),
    ],
)
def test_clock(skew: float, verdict: Verdict) -> None:
    assert judge_clock(skew).verdict is verdict


@pytest.mark.parametrize(
    ("body", "verdict"),
    [
        ({"versions": ["v1.1", "v1.11", "v1.12"]}, Verdict.OK),
        ({"versions": ["v1.1"]}, Verdict.FAIL),
        ({"versions": []}, Verdict.FAIL),
        ({}, Verdict.FAIL),
        ("hello", Verdict.FAIL),
        (None, Verdict.FAIL),
    ],
)
def test_versions(body: object, verdict: Verdict) -> None:
    assert judge_versions(body).verdict is verdict


async def findings(config: Path) -> dict[str, Finding]:
    return {finding.name: finding async for finding in examine(load_config(config))}


async def run_doctor(config: Path) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tim_cli.main", "bot", "doctor", "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode()


async def test_a_bot_that_works_is_all_green_and_then_its_token_is_revoked(
    new_bot: NewBot, homeserver: HomeserverClient
) -> None:
    bot = await new_bot()
    await bot.start()
    await bot.ready()
    code, output = await run_doctor(bot.config)
    assert code == 0, output
    lines = [line.split(maxsplit=2) for line in output.splitlines()]
    assert {name for verdict, name, _ in lines if verdict == "ok"} >= {
        "library",
        "secrets",
        "state_dir",
        "database",
        "letters",
        "homeserver",
        "versions",
        "clock",
        "token",
        "device",
        "bot",
    }
    assert bot.user_id not in output
    admin = await homeserver.login(bot.user_id[1:].partition(":")[0], PASSWORD)
    await admin.request("POST", "/_matrix/client/v3/logout/all", {})
    code, output = await run_doctor(bot.config)
    assert code == 1
    assert "fail token" in output
    assert "tim bot new-device" in output


async def test_before_the_first_start_there_is_nothing_wrong_and_nothing_is_made(tmp_path: Path) -> None:
    config = write_config(tmp_path / "bot", "http://127.0.0.1:9", "@bot:a.test", 8080, health_port=None)
    found = await findings(config)
    assert {name for name, finding in found.items() if finding.verdict is Verdict.FAIL} == {"homeserver"}
    assert found["database"].text == "not there yet; the first start makes it"
    assert not (config.parent / "state").exists()


async def test_faults_of_files_are_each_one_line(tmp_path: Path) -> None:
    config = write_config(tmp_path / "bot", "http://127.0.0.1:9", "@bot:a.test", 8080)
    (config.parent / "key").chmod(0o644)
    state = config.parent / "state"
    state.mkdir(mode=0o755)
    place = database_place(load_config(config))
    assert isinstance(place, Path)
    place.write_bytes(b"no database" * 1000)
    found = await findings(config)
    faults = {name: finding.text for name, finding in found.items() if finding.verdict is Verdict.FAIL}
    assert set(faults) == {"secrets", "state_dir", "database", "homeserver"}
    assert all("\n" not in text for text in faults.values())
    assert "chmod 600" in faults["secrets"]
    assert found["bot"].verdict is Verdict.WARN
    shutil.rmtree(state)
