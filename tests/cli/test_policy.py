"""`tim policy` shows the same rules and verdicts as the homeserver has."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner, Result

from tim_cli.policy import app
from tim_policy.errors import ConfigError
from tim_policy.explain import DESCRIPTIONS
from tim_policy.profile import ProfileName
from tim_policy.registry import TABLES

INVITE = {
    "own_server": "praxis.tim.test",
    "listed": ["praxis.tim.test", "pflege.tim.test"],
    "insurers": ["kasse.tim.test"],
    "inviter": "@anna:pflege.tim.test",
    "invitee": "@weber:praxis.tim.test",
}


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(app, arguments)
    if isinstance(result.exception, ConfigError):
        raise result.exception
    return result


def explain(folder: Path, action: str, description: Any, *arguments: str) -> Result:
    file = folder / "request.json"
    file.write_text(description if isinstance(description, str) else json.dumps(description))
    return run("explain", action, "--json", str(file), *arguments)


def config(folder: Path, block: Any) -> str:
    file = folder / "homeserver.yaml"
    file.write_text(yaml.safe_dump({"modules": [{"module": "tim_synapse.TimModule", "config": block}]}))
    return str(file)


@pytest.mark.parametrize("profile", ProfileName)
def test_every_rule_of_a_profile_is_listed(profile: ProfileName) -> None:
    lines = run("rules", "--profile", profile).stdout.splitlines()
    for action, table in TABLES.items():
        assert action in lines
        for rule in table:
            listed = sum(line.startswith(f"  {rule.name} ({rule.requirement}): ") for line in lines)
            assert listed == sum(rule in others for others in TABLES.values())


def test_numbers_and_refusals_are_shown_as_they_are_in_force(tmp_path: Path) -> None:
    changed = {"profile": "pro-basis-1.2", "rules": {"invite_insured": {"unsafe_off": True}}}
    shown = run("rules", "--config", config(tmp_path, changed)).stdout
    assert "invite_insured (A_25705): not in force" in shown
    assert 'unconfigured="allow all" where_is=false written=true else 403 M_FORBIDDEN' in shown


def test_an_allowed_invite(tmp_path: Path) -> None:
    result = explain(tmp_path, "invite", INVITE)
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "allowed")
    assert len(result.stdout.splitlines()) == len(TABLES["invite"]) + 1


def test_a_refused_invite_names_the_rule_and_the_answer(tmp_path: Path) -> None:
    blocked = INVITE | {"permission_config": {"defaultSetting": "block all"}}
    result = explain(tmp_path, "invite", blocked)
    assert result.exit_code == 1
    assert "invite_permission (A_26021-01): deny (blocked_by_invitee)" in result.stdout
    assert result.stdout.splitlines()[-1] == "REFUSED with 403 M_FORBIDDEN: blocked_by_invitee"


def test_the_description_may_hold_everything_the_rules_ask_for(tmp_path: Path) -> None:
    old = ("--profile", "pro-basis-1.1")
    assert explain(tmp_path, "invite", INVITE, *old).exit_code == 1
    assert explain(tmp_path, "invite", INVITE | {"is_contact": True}, *old).exit_code == 0
    full = explain(tmp_path, "invite", INVITE | {"is_contact": True, "room": {"people": 2, "is_direct": True}}, *old)
    assert full.stdout.splitlines()[-1] == "REFUSED with 403 M_FORBIDDEN: direct_room_full"
    assert explain(tmp_path, "invite", INVITE | {"is_active": False}).exit_code == 1


def test_the_operators_changes_count(tmp_path: Path) -> None:
    block = {"profile": "pro-basis-1.2", "rules": {"invite_permission": {"unconfigured": "block all"}}}
    result = explain(tmp_path, "invite", INVITE, "--config", config(tmp_path, block))
    assert result.exit_code == 1


def test_every_action_can_be_explained() -> None:
    assert DESCRIPTIONS.keys() == TABLES.keys()


@pytest.mark.parametrize(
    ("action", "description", "text"),
    [
        ("invit", INVITE, "ACTION: expected one of"),
        ("invite", "{", "holds no JSON"),
        ("invite", "[" * 100_000, "holds no JSON"),
        ("invite", {}, "own_server: is missing"),
        ("invite", INVITE | {"inviterr": 1}, "inviterr: unknown key; did you mean 'inviter'?"),
        ("invite", INVITE | {"inviter": "anna"}, "not a Matrix user id"),
        ("invite", INVITE | {"listed": ["a b"]}, "not a Matrix server name"),
    ],
)
def test_a_bad_description_is_one_line(tmp_path: Path, action: str, description: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        explain(tmp_path, action, description)
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"profile": "kim"}, "profile: expected one of pro-basis-1.1"),
        ({"profile": "pro-basis-1.2", "rules": {"x": {}}}, "rules.x: unknown rule"),
        (None, "is not there, or has no config block"),
    ],
)
def test_a_bad_configuration_is_one_line(tmp_path: Path, block: Any, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        run("rules", "--config", config(tmp_path, block))
    assert text in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    for arguments in (("rules", "--config"), ("explain", "invite", "--json")):
        with pytest.raises(ConfigError, match="cannot read"):
            run(*arguments, str(tmp_path / "none"))
