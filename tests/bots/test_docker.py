"""What `docker/` names exists, and systemd accepts the unit."""

import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tim_cli.main import app

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "docker/Containerfile").read_text()
UNIT = ROOT / "docker/tim-bot@.service"
ANALYZE = shutil.which("systemd-analyze")
TIM = "/opt/tim-bots/bin/tim"


def instructions() -> list[tuple[str, str]]:
    lines = [line for line in CONTAINERFILE.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines]


def arguments(text: str) -> list[str]:
    return [str(part) for part in re.findall(r'"([^"]*)"', text)]


def assert_is_a_command(words: list[str]) -> None:
    """`tim bot ...` with these words has these sub-commands and options."""
    options = [word for word in words if word.startswith("--")]
    path = words[: words.index(options[0])]
    shown = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert shown.exit_code == 0, shown.output
    assert all(option in shown.output for option in options)


def test_what_is_copied_is_in_the_repository_and_all_packages_are_copied() -> None:
    copied = [
        name for key, text in instructions() if key == "COPY" and "--from" not in text for name in text.split()[:-1]
    ]
    assert all((ROOT / name).exists() for name in copied)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {Path(package).parts[0] for package in packages["packages"]} <= set(copied)


def test_each_program_of_the_build_exists_and_knows_its_options() -> None:
    runs = [command for key, text in instructions() if key == "RUN" for command in text.split(" && ")]
    for command in runs:
        program, *rest = shlex.split(command)
        if program == "/opt/tim-bots/bin/pip":
            shown = subprocess.run(
                [sys.executable, "-m", "pip", "install", "--help"], capture_output=True, text=True, check=True
            ).stdout
        elif program == "/opt/tim-bots/bin/python":
            shown = subprocess.run(
                [sys.executable, "-m", rest[1], rest[2], "--help"], capture_output=True, text=True, check=True
            ).stdout
        elif program == "python":
            continue  # python -m venv
        else:
            assert shutil.which(program), program
            shown = subprocess.run([program, "--help"], capture_output=True, text=True, check=True).stdout
        for option in (word.partition("=")[0] for word in rest if word.startswith("--")):
            assert option in shown, (program, option)


def test_the_container_is_no_root_and_runs_a_command_that_exists() -> None:
    said = dict(instructions())
    assert said["USER"] == "10001:10001"
    program, *first = arguments(said["ENTRYPOINT"])
    assert program == TIM
    assert_is_a_command([*first, *arguments(said["CMD"])])
    assert "/live" in said["HEALTHCHECK"]


def test_the_unit_runs_commands_that_exist() -> None:
    commands = re.findall(rf"^Exec\w+={TIM} (.*)$", UNIT.read_text(), re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        assert_is_a_command(command.split())


@pytest.mark.skipif(ANALYZE is None, reason="systemd is not installed")
def test_systemd_accepts_the_unit_and_finds_it_hardened(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("tim")
    unit = tmp_path / "tim-bot@praxis.service"
    unit.write_text(UNIT.read_text().replace(TIM, str(program)))
    verified = subprocess.run([str(ANALYZE), "verify", unit], capture_output=True, text=True, check=False)
    complaints = [line for line in verified.stderr.splitlines() if unit.name in line]
    assert (verified.returncode, complaints) == (0, [])
    judged = subprocess.run(
        [str(ANALYZE), "security", "--offline=true", "--threshold=20", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    assert judged.returncode == 0, judged.stdout.splitlines()[-1:]
