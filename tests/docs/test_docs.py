"""The documents say what is so: requirement ids have tests, snippets load, commands run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tim_bots.config import BotConfig, load_config
from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.members import EVERYONE
from tim_sandbox.pki import make_list_pki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.state import DEFAULT_BASE_PORT, new_state
from tim_synapse import TimModule

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def snippets(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with every file that the README's snippets and commands name."""
    pki = make_list_pki()
    write_list_pki(pki, tmp_path)
    (tmp_path / "component-ca.der").rename(tmp_path / "GEM.KOMP-CA.der")
    entries = [{"domain": "praxis.tim.test", "telematikID": "1-20", "isInsurance": False}]
    (tmp_path / "federationList.jws").write_bytes(
        sign_federation_list({"version": 956, "domainList": entries}, pki.signer)
    )
    password = tmp_path / "termin.password"
    password.write_text("secret\n")
    password.chmod(0o600)
    (bot,) = (text for text in snippets("yaml") if "termin.yaml" in text)
    (tmp_path / "termin.yaml").write_text(bot, encoding="utf-8")
    return tmp_path


def tim(arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tim_cli.main", *arguments.split()]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


def test_the_modules_snippet_is_accepted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    (snippet,) = (text for text in snippets("yaml") if text.startswith("modules:"))
    settings = yaml.safe_load(snippet)
    assert settings["federation_domain_whitelist"] == []
    (entry,) = settings["modules"]
    TimModule.parse_config(entry["config"])


def test_the_commands_of_the_readme_run(folder: Path) -> None:
    commands = [re.sub(r"\s+#.*", "", line) for text in snippets("sh") for line in text.splitlines()]
    for command in (line for line in commands if line.startswith("tim ")):
        arguments = command.removeprefix("tim ")
        if arguments.startswith(("bot run", "gate ")):
            continue  # need their homeserver; the sandbox and tests/synapse/test_gate_command.py run them
        result = tim(arguments, folder)
        assert result.returncode == 0, f"{command}: {result.stderr}"
    assert "tim bot run --config termin.yaml" in commands
    assert isinstance(load_config(folder / "termin.yaml"), BotConfig)


def test_the_console_session_of_the_readme_is_what_one_sees(folder: Path) -> None:
    (session,) = snippets("console")
    command, *expected = session.splitlines()
    result = tim(command.removeprefix("$ tim "), folder)
    assert result.returncode == 0, result.stderr
    shown = [line.split()[0] for line in result.stdout.splitlines()]
    assert shown == [line.split()[0] for line in expected]


def test_the_login_of_the_readme_is_the_sandboxs() -> None:
    pflege = new_state(DEFAULT_BASE_PORT, EVERYONE, with_bot=True).homeserver("pflege.tim.test")
    assert f"for example `{pflege.client_url}`, and log in as `@schwester.anna`" in README.replace("\n", " ")


def test_every_make_target_of_the_readme_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)\b", README))
    assert {"demo", "test", "demo-once"} <= named
    assert named <= targets


def test_every_link_of_the_readme_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target
