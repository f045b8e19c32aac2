"""What docs/rules.md shows is what one sees."""

import json
import re
from pathlib import Path

import yaml
from typer.testing import CliRunner

from tests.docs.requirements_page import ROOT
from tim_cli.policy import app
from tim_policy.profile import ProfileName, shipped_profile, with_changes

PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")


def snippet(language: str) -> str:
    (text,) = re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    return str(text)


def test_the_explanation_is_what_one_sees(tmp_path: Path) -> None:
    command, _, expected = snippet("console").partition("\n")
    file = tmp_path / "request.json"
    file.write_text(json.dumps(json.loads(snippet("json"))))
    arguments = command.removeprefix("$ tim policy ").replace("request.json", str(file)).split()
    result = CliRunner().invoke(app, arguments)
    assert (result.exit_code, result.stdout) == (1, expected)


def test_the_changes_are_accepted_and_one_is_warned_about() -> None:
    (entry,) = yaml.safe_load(snippet("yaml"))["modules"]
    block = entry["config"]
    profile, unsafe = with_changes(shipped_profile(ProfileName(block["profile"])), block["rules"], "rules")
    assert profile.rules.invite_insurers is not None
    assert unsafe == ("create_room_invitees.unsafe_max_invitees",)
