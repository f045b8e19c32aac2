"""homeserver.yaml.example is what the module accepts."""

import json
from pathlib import Path

import pytest
import yaml

from tim_policy.homeserver_settings import SETTINGS, nested, settings_for
from tim_policy.profile import ProfileName, shipped_profile
from tim_sandbox.pki import ListPki
from tim_sandbox.pki_files import write_list_pki
from tim_synapse import TimModule

EXAMPLE = Path(__file__).parents[2] / "homeserver.yaml.example"


@pytest.mark.parametrize("uncommented", [False, True])
def test_the_example_is_accepted_with_the_operators_certificates(
    tmp_path: Path, pki: ListPki, uncommented: bool
) -> None:
    write_list_pki(pki, tmp_path)
    text = EXAMPLE.read_text(encoding="utf-8")
    if uncommented:  # the defaults that stand behind '#' are real keys with real values
        for key in ("ocsp", "refresh_interval", "retry_interval", "rules"):
            assert f"#{key}:" in text
            text = text.replace(f"#{key}:", f"{key}:")
    settings = yaml.safe_load(text)
    assert settings["federation_domain_whitelist"] == []
    (entry,) = settings["modules"]
    assert entry["module"] == f"{TimModule.__module__.partition('.')[0]}.{TimModule.__name__}"
    entry["config"]["federation_list"] |= {
        "roots_file": str(tmp_path / "roots.json"),
        "issuer_files": [str(tmp_path / "component-ca.der")],
    }
    TimModule.parse_config(entry["config"])


def test_the_example_has_every_setting_that_the_rules_need() -> None:
    settings = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    profile = shipped_profile(ProfileName(settings["modules"][0]["config"]["profile"]))
    assert nested(settings_for(profile)).items() <= settings.items()
    for setting in SETTINGS:
        assert f"{setting.key.rpartition('.')[2]}: {json.dumps(setting.value)}" in EXAMPLE.read_text(encoding="utf-8")
