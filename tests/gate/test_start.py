"""Synapse does not start when the gate would not close."""

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.synapse.conftest import spec_in
from tim_sandbox.homeserver import HomeserverSpec, homeserver_command, write_homeserver
from tim_sandbox.pki import ListPki

SABOTAGE = {
    "inbound": "a probe ended with StopIteration",
    "outbound": "a probe ended with StopIteration",
    "media": "a probe ended with StopIteration",
    "copied": "inbound request of an allowed server was refused",
    "queues": "dropping a queue does not work",
}


def start(spec: HomeserverSpec) -> tuple[int, list[str]]:
    """Exit code, and what the process wrote to standard error, without Synapse's log."""
    command = homeserver_command(write_homeserver(spec))
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    lines = [line for line in result.stderr.splitlines() if not line.startswith("20")]
    return result.returncode, lines


@pytest.mark.parametrize("whitelist", [None, ["pflege.tim.test"]], ids=["missing", "filled by hand"])
def test_without_an_empty_whitelist_synapse_names_the_line_to_write(
    tmp_path: Path, pki: ListPki, whitelist: Any
) -> None:
    spec = replace(spec_in(tmp_path, 1024, pki), extra={"federation_domain_whitelist": whitelist})
    code, lines = start(spec)
    assert code != 0
    (line,) = lines
    assert "homeserver.yaml: federation_domain_whitelist" in line
    assert "write 'federation_domain_whitelist: []'" in line


@pytest.mark.parametrize(("what", "text"), SABOTAGE.items(), ids=SABOTAGE)
def test_a_synapse_that_would_not_close_is_not_started(tmp_path: Path, pki: ListPki, what: str, text: str) -> None:
    line = sabotaged(tmp_path, pki, what)
    assert line.startswith("tim_synapse: self-check of the federation gate: ")
    assert text in line


@pytest.mark.parametrize("what", ["events", "other events"])
def test_a_synapse_that_makes_events_without_asking_is_not_started(tmp_path: Path, pki: ListPki, what: str) -> None:
    assert "does not ask before it makes an event" in sabotaged(tmp_path, pki, what)


def test_a_synapse_that_answers_requests_without_asking_is_not_started(tmp_path: Path, pki: ListPki) -> None:
    assert "does not let requests be judged" in sabotaged(tmp_path, pki, "front")


def test_settings_that_contradict_the_rules_have_a_line_each(tmp_path: Path, pki: ListPki) -> None:
    wrong = {"allow_guest_access": True, "enable_set_displayname": True, "experimental_features": {}}
    code, lines = start(replace(spec_in(tmp_path, 1024, pki), extra=wrong))
    assert code != 0
    assert [line.partition(": must be ")[0] for line in lines] == [
        "homeserver.yaml: allow_guest_access",
        "homeserver.yaml: enable_set_displayname",
        "homeserver.yaml: experimental_features.msc3814_enabled",
        "homeserver.yaml: experimental_features.msc4169_enabled",
    ]


def sabotaged(tmp_path: Path, pki: ListPki, what: str) -> str:
    """The one line that a Synapse writes which is broken that way."""
    spec = spec_in(tmp_path, 1024, pki)
    sabotage = {"module": "tests.gate.sabotage.Sabotage", "config": {"what": what}}
    code, lines = start(replace(spec, modules=(sabotage, *spec.modules)))
    assert code != 0
    (line,) = lines
    return line
