"""`tim bot` as an operator meets it: exit codes, one line per fault, no traceback."""

import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.bots.conftest import write_config
from tim_bots.config import load_config
from tim_bots.inbox import Arrival, Kind, State
from tim_bots.queues import Queues
from tim_bots.state import open_state


def tim_bot(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tim_cli.main", "bot", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path / "bot", "http://127.0.0.1:9", "@bot:a.test", 8080, health_port=None)


def test_a_good_configuration_is_ok(config: Path) -> None:
    done = tim_bot("check", "--config", config)
    assert (done.returncode, done.stdout) == (0, f"{config}: ok\n")


@pytest.mark.parametrize("command", ["run", "check"])
@pytest.mark.parametrize(
    ("fault", "text"),
    [
        ("password", "password_file: cannot read"),
        ("key", "key_file: cannot read"),
        ("bot.yaml", "cannot read"),
    ],
)
def test_a_missing_file_is_one_line(config: Path, command: str, fault: str, text: str) -> None:
    (config.parent / fault).unlink()
    done = tim_bot(command, "--config", config)
    assert done.returncode == 2
    assert done.stderr.startswith("tim: ")
    assert text in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_open_state_directory_is_refused(config: Path) -> None:
    (config.parent / "state").mkdir(mode=0o755)
    done = tim_bot("run", "--config", config)
    assert done.returncode == 2
    assert "chmod 700" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_bot_that_waits_for_its_homeserver_stops_when_told(config: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tim_cli.main", "bot", "run", "--config", str(config)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "homeserver unreachable" in process.stderr.readline()
        process.send_signal(number)
        rest = process.stderr.read()
        assert process.wait(timeout=20) == 0
    assert rest.endswith("stopped component=process\n")


def test_a_new_key_never_overwrites(tmp_path: Path) -> None:
    path = tmp_path / "key"
    assert tim_bot("new-key", path).returncode == 0
    before = path.read_bytes()
    done = tim_bot("new-key", path)
    assert done.returncode == 2
    assert "must not be overwritten" in done.stderr
    assert path.read_bytes() == before


def test_dead_letters_are_listed_retried_and_dropped(config: Path) -> None:
    done = tim_bot("dead-letters", "list", "--config", config)
    assert (done.returncode, "start the bot once" in done.stderr) == (2, True)
    with open_state(load_config(config)) as state, state.engine.begin() as connection:
        inbox = Queues.of(state.cipher).inbox
        for number in (1, 2):
            content = {"sender": "@kanarienvogel:a.test", "kind": "text", "text": "x"}
            arrival = Arrival(f"${number}", "!kanarienvogel:a.test", Kind.MESSAGE, State.READY, content)
            inbox.add(connection, arrival, datetime(2026, 3, 2, tzinfo=UTC))
            inbox.fail(connection, number, "RuntimeError")
    listed = tim_bot("dead-letters", "list", "--config", config)
    assert listed.stdout.splitlines()[0] == "in-1\tmessage\t2026-03-02T00:00:00Z\t1\tRuntimeError"
    assert "kanarienvogel" not in listed.stdout
    assert tim_bot("dead-letters", "retry", "in-1", "--config", config).returncode == 0
    assert tim_bot("dead-letters", "drop", "in-2", "--config", config).returncode == 0
    assert tim_bot("dead-letters", "list", "--config", config).stdout == ""
    gone = tim_bot("dead-letters", "drop", "in-2", "--config", config)
    assert (gone.returncode, gone.stderr) == (
        2,
        "tim: no dead letter in-2; see them with: tim bot dead-letters list\n",
    )


def test_a_database_server_that_is_away_at_the_start_is_worth_another_start(config: Path) -> None:
    config.write_text(config.read_text() + "database_url: postgresql://bot@127.0.0.1:9/bots\n")
    done = tim_bot("run", "--config", config)
    assert (done.returncode, done.stderr) == (75, "tim: cannot open the database (OperationalError)\n")


def test_one_account_twice_is_refused(config: Path) -> None:
    done = tim_bot("run", "--config", config, "--config", config)
    assert done.returncode == 2
    assert "two configurations name the same account" in done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "mysql://bot@db/bots",
        "postgresql://bot:secret@db/bots",
        "postgresql://bot@db",
        "postgresql:///bots",
        "postgresql://bot@db/bots?options=x",
        "bots",
    ],
)
def test_an_unusable_database_url_is_one_line_that_does_not_repeat_it(config: Path, url: str) -> None:
    config.write_text(config.read_text() + f"database_url: {url}\n")
    done = tim_bot("check", "--config", config)
    assert done.returncode == 2
    assert "database_url: " in done.stderr
    assert "secret" not in done.stderr
    assert done.stderr.count("\n") == 1
