"""The `residency:` block: what it allows, and what it says about mistakes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.mmdb import country, write_mmdb
from tim_policy.countries import UNREADABLE
from tim_policy.errors import ConfigError
from tim_policy.settings import load_settings
from tim_synapse.directory_countries import CountriesFile
from tim_synapse.residency_config import LoadedResidency, ResidencyConfig, ResidencyMode, load_residency


def loaded(**block: Any) -> LoadedResidency:
    return load_residency(load_settings(ResidencyConfig, block, "tim_synapse"))


def test_an_empty_block_enforces_eu_and_eea_and_denies_the_unknown() -> None:
    residency = loaded()
    assert residency.config.mode is ResidencyMode.ENFORCE
    assert residency.policy.unknown == "deny"
    assert {"DE", "NO"} < residency.policy.allowed_countries
    assert not {"CH", "GB", "US"} & residency.policy.allowed_countries
    assert (residency.directory, residency.addresses) == (None, None)


def test_adequacy_countries_are_allowed_one_by_one() -> None:
    allowed = loaded(adequacy_countries=["CH"]).policy.allowed_countries
    assert "CH" in allowed
    assert "GB" not in allowed


def test_all_files_are_read(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("allowed_countries: [DE]\nunknown: allow\n")
    countries = tmp_path / "countries.yaml"
    countries.write_text("'1-20': DE\n")
    database = write_mmdb(tmp_path / "country.mmdb", {"192.0.2.0/24": country("DE")})
    residency = loaded(policy_file=policy, directory_countries_file=countries, mmdb_file=database)
    assert residency.policy.allowed_countries == {"DE"}
    assert residency.directory is not None
    assert residency.directory.country("1-20") == "DE"
    assert residency.addresses is not None
    assert residency.addresses.country("192.0.2.1") == "DE"


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"mode": "warn"}, "tim_synapse: mode: Input should be 'enforce' or 'observe'"),
        ({"countrys": {}}, "tim_synapse: countrys: unknown key; did you mean 'countries'?"),
        ({"countries": {"praxis.test": "UK"}}, "did you mean GB?"),
        ({"countries": {"praxis.test": "de"}}, "did you mean DE?"),
        ({"countries": {"praxis.test": False}}, "put the country code in quotes: 'NO'"),
        ({"countries": {"Praxis.test": "DE"}}, "write server names in lower case"),
        ({"countries": {"not a name": "DE"}}, "not a Matrix server name"),
        ({"adequacy_countries": ["US", "CN"]}, "tim_synapse: residency: adequacy_countries: CN is not among"),
        ({"address_interval": 60}, "tim_synapse: address_interval: write a number and one of s, m, h, d, w"),
        ({"mmdb_file": "no-such.mmdb"}, "tim_synapse: residency.mmdb_file: cannot read no-such.mmdb"),
        ({"policy_file": "no-such.yaml"}, "tim_synapse: residency: policy_file: cannot read no-such.yaml"),
        ({"directory_countries_file": "none.json"}, "residency.directory_countries_file: cannot read none.json"),
    ],
)
def test_a_mistake_is_told_with_key_and_remedy(block: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(**block)
    assert text in str(caught.value)


@pytest.mark.parametrize("content", ["- DE", "text", "20: DE", "{", "", "'1-20': DE\n  x: ["])
def test_a_directory_file_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "countries.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"residency\.directory_countries_file"):
        CountriesFile(path)


def test_a_directory_entry_is_foreign_data(tmp_path: Path) -> None:
    path = tmp_path / "countries.json"
    path.write_text(json.dumps({"1-20": "de", "1-21": "Deutschland", "1-22": "ДЕ", "1-23": None}))
    countries = CountriesFile(path)
    told = [countries.country(f"1-2{last}") for last in range(5)]
    assert told == ["DE", UNREADABLE, UNREADABLE, UNREADABLE, None]


def test_a_directory_file_is_read_again_and_a_bad_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "countries.json"
    path.write_text('{"1-20": "DE"}')
    countries = CountriesFile(path)
    path.write_text('{"1-20": "US"}')
    countries.reload()
    assert countries.country("1-20") == "US"
    path.write_text("[")
    countries.reload()
    countries.reload()
    assert countries.country("1-20") == "US"
    assert len(caplog.records) == 1
