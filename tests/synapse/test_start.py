"""A wrong `config:` block keeps Synapse from starting, and the operator reads why."""

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from synapse.module_api.errors import ConfigError

from tests.synapse.conftest import spec_in
from tim_sandbox.homeserver import homeserver_command, write_homeserver
from tim_sandbox.pki import ListPki
from tim_synapse import TimModule

Change = Callable[[dict[str, Any]], Any]


def without_residency(config: dict[str, Any]) -> None:
    del config["residency"]


def without_source(config: dict[str, Any]) -> None:
    del config["federation_list"]["source"]


CHANGES: dict[str, tuple[Change, str]] = {
    "typo": (
        lambda c: c["federation_list"].update(refresh_intervall="1h"),
        "tim_synapse: federation_list.refresh_intervall: unknown key; did you mean 'refresh_interval'?",
    ),
    "typo at the top": (
        lambda c: c.update(residenci=None),
        "tim_synapse: residenci: unknown key; did you mean 'residency'?",
    ),
    "no unit": (
        lambda c: c["federation_list"].update(refresh_interval=60),
        "tim_synapse: federation_list.refresh_interval: write a number and one of s, m, h, d, w; for example 24h",
    ),
    "unknown profile": (
        lambda c: c.update(profile="kim"),
        "tim_synapse: profile: Input should be 'pro-basis-1.1', 'pro-basis-1.2', 'epa-basis-1.1' or 'epa-basis-1.2'",
    ),
    "unknown rule": (
        lambda c: c.update(rules={"invite_permision": {}}),
        "tim_synapse: rules.invite_permision: unknown rule; did you mean 'invite_permission'?",
    ),
    "wider rule": (
        lambda c: c.update(rules={"invite_insured": {"unsafe_of": True}}),
        "tim_synapse: rules.invite_insured: of: unknown key",
    ),
    "no country": (
        lambda c: c.update(residency={"countries": {"praxis.test": "UK"}}),
        (
            "tim_synapse: residency.countries.praxis.test: no country code of ISO 3166-1 alpha-2 "
            "(expected: two capital letters; did you mean GB?)"
        ),
    ),
    "no country database": (
        lambda c: c.update(residency={"mmdb_file": "no-such.mmdb"}),
        "tim_synapse: residency.mmdb_file: cannot read no-such.mmdb (No such file or directory)",
    ),
    "nothing said about residency": (without_residency, "tim_synapse: residency: is missing"),
    "no source": (without_source, "tim_synapse: federation_list.source: is missing"),
    "two sources": (
        lambda c: c["federation_list"]["source"].update(file="list.jws"),
        "tim_synapse: federation_list.source: give exactly one of 'vzd', 'url' and 'file'",
    ),
    "source is no address": (
        lambda c: c["federation_list"].update(source={"url": "ftp://vzd"}),
        "tim_synapse: federation_list.source.url.address: String should match pattern '^https?://'",
    ),
    "roots missing": (
        lambda c: c["federation_list"].update(roots_file="no-such-file.json"),
        "tim_synapse: federation_list.roots_file: cannot read no-such-file.json (No such file or directory)",
    ),
    "roots without certificates": (
        lambda c: c["federation_list"].update(roots_file=c["federation_list"]["issuer_files"][0]),
        "not a roots.json of the TI and no PEM certificates",
    ),
}


@pytest.mark.parametrize(("change", "text"), CHANGES.values(), ids=CHANGES.keys())
def test_a_wrong_block_is_refused_with_key_and_remedy(tmp_path: Path, pki: ListPki, change: Change, text: str) -> None:
    config = module_config(tmp_path, pki)
    change(config)
    with pytest.raises(ConfigError) as caught:
        TimModule.parse_config(config)
    assert text in str(caught.value)


def test_every_fault_has_a_line(tmp_path: Path, pki: ListPki) -> None:
    config = module_config(tmp_path, pki)
    config["profile"] = "kim"
    del config["federation_list"]["source"]
    with pytest.raises(ConfigError) as caught:
        TimModule.parse_config(config)
    assert len(str(caught.value).splitlines()) == 2


@pytest.mark.parametrize("name", ["typo", "roots missing"])
def test_synapse_does_not_start_and_shows_the_line_without_a_traceback(tmp_path: Path, pki: ListPki, name: str) -> None:
    spec = spec_in(tmp_path, 1024, pki)
    change, text = CHANGES[name]
    module = dict(spec.modules[0])
    change(module["config"])
    command = homeserver_command(write_homeserver(replace(spec, modules=(module,))))
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode != 0
    assert text in result.stderr
    assert "Traceback" not in result.stderr + result.stdout


def module_config(tmp_path: Path, pki: ListPki) -> dict[str, Any]:
    return dict(spec_in(tmp_path, 1024, pki).modules[0]["config"])
