"""The policy file: the one that ships, and whatever an operator may get wrong in another."""

from importlib.resources import files

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.countries import ISO_3166_1
from tim_policy.errors import ConfigError
from tim_policy.residency import ResidencyPolicy, Unknown, load_residency_policy

SHIPPED = yaml.safe_load(files("tim_policy").joinpath("residency_eu.yaml").read_text(encoding="utf-8"))
EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split()  # noqa: SIM905 - a table


def shipped(*adequacy_countries: str) -> ResidencyPolicy:
    return load_residency_policy(SHIPPED, adequacy_countries, "residency_eu.yaml")


def test_the_shipped_policy_denies_the_unknown() -> None:
    assert shipped().unknown is Unknown.DENY


@pytest.mark.parametrize("country", [*EU, "IS", "LI", "NO"])
def test_eu_and_eea_are_allowed(country: str) -> None:
    assert country in shipped().allowed_countries


@pytest.mark.parametrize("country", ["AX", "GF", "GP", "MF", "MQ", "RE", "YT"])
def test_parts_of_the_union_with_a_code_of_their_own_are_allowed(country: str) -> None:
    assert country in shipped().allowed_countries


@pytest.mark.parametrize(
    "country", ["PF", "NC", "PM", "BL", "WF", "TF", "GL", "FO", "AW", "CW", "SX", "BQ", "SJ", "GI", "IM", "JE", "GG"]
)
def test_overseas_countries_and_crown_dependencies_are_not(country: str) -> None:
    assert country not in shipped().allowed_countries


def test_nothing_else_is_allowed() -> None:
    assert len(shipped().allowed_countries) == 27 + 3 + 7
    assert shipped().allowed_countries < ISO_3166_1


@pytest.mark.parametrize("country", sorted(SHIPPED["adequacy_countries"]))
def test_an_adequacy_country_is_allowed_only_when_the_operator_names_it(country: str) -> None:
    assert country not in shipped().allowed_countries
    assert shipped(country).allowed_countries - shipped().allowed_countries == {country}


@given(st.sets(st.sampled_from(sorted(ISO_3166_1))))
def test_an_operator_cannot_name_a_country_without_adequacy_decision(chosen: set[str]) -> None:
    if chosen <= set(SHIPPED["adequacy_countries"]):
        assert shipped(*chosen).allowed_countries == shipped().allowed_countries | chosen
        return
    with pytest.raises(ConfigError, match="is not among the adequacy_countries of residency_eu"):
        shipped(*chosen)


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({}, "p.yaml: allowed_countries: is missing"),
        (None, "p.yaml: allowed_countries: is missing"),
        ({"allowed_countrys": []}, "p.yaml: allowed_countrys: unknown key; did you mean 'allowed_countries'?"),
        ({"allowed_countries": ["UK"]}, "did you mean GB?"),
        ({"allowed_countries": [False]}, "put the country code in quotes: 'NO'"),
        ({"allowed_countries": "DE"}, "p.yaml: allowed_countries: "),
        ({"allowed_countries": ["DE"], "unknown": "maybe"}, "p.yaml: unknown: Input should be 'deny' or 'allow'"),
        (["DE"], "p.yaml: "),
    ],
)
def test_a_wrong_policy_file_is_refused_with_key_and_remedy(document: object, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_residency_policy(document, (), "p.yaml")
    assert text in str(caught.value)
