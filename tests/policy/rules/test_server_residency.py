"""Residency: all evidence that is there must be allowed, and none at all is unknown."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.rules.facts import LISTED, OWN
from tim_policy.countries import UNREADABLE, read_country
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.gate import ServerFacts
from tim_policy.names import parse_server_name
from tim_policy.residency import ResidencyEvidence, ResidencyPolicy, Unknown, judge_residency
from tim_policy.rules.server_residency import decide

OUTSIDE = Deny("EU_RESIDENCY", Reason.SERVER_OUTSIDE_REGION)
UNKNOWN = Deny("EU_RESIDENCY", Reason.SERVER_REGION_UNKNOWN)
STRICT = ResidencyPolicy(frozenset({"DE", "FR", "RE"}))
NONE = ResidencyEvidence(STRICT)
ABROAD = replace(NONE, operator_country="US")


def facts(
    evidence: ResidencyEvidence | None, server: str = "pflege.tim.test", *, is_enforced: bool = True
) -> ServerFacts:
    return ServerFacts(parse_server_name(server), OWN, LISTED, evidence, is_residency_enforced=is_enforced)


@pytest.mark.parametrize(
    ("operator", "directory", "addresses", "expected"),
    [
        pytest.param(None, None, None, UNKNOWN, id="nothing is known"),
        pytest.param(None, None, set(), UNKNOWN, id="only private addresses"),
        pytest.param("DE", None, None, Allow(), id="operator alone"),
        pytest.param(None, "DE", None, Allow(), id="directory alone"),
        pytest.param(None, None, {"DE"}, Allow(), id="addresses alone"),
        pytest.param("DE", "FR", {"DE", "FR"}, Allow(), id="different allowed countries"),
        pytest.param("RE", None, None, Allow(), id="outermost region"),
        pytest.param("DE", "DE", {"US"}, OUTSIDE, id="address abroad outweighs operator and directory"),
        pytest.param("DE", "US", {"DE"}, OUTSIDE, id="directory abroad outweighs"),
        pytest.param("US", "DE", {"DE"}, OUTSIDE, id="operator abroad outweighs"),
        pytest.param("DE", "DE", {"DE", "US"}, OUTSIDE, id="two addresses in two countries"),
        pytest.param("PF", None, None, OUTSIDE, id="overseas territory"),
        pytest.param(None, None, {"XK"}, OUTSIDE, id="Kosovo, user-assigned code"),
        pytest.param(None, None, {"EU"}, OUTSIDE, id="EU is no country"),
        pytest.param(None, "UK", None, OUTSIDE, id="UK is no code"),
        pytest.param(None, UNREADABLE, {"DE"}, OUTSIDE, id="unreadable directory entry"),
        pytest.param("ДЕ", None, None, OUTSIDE, id="Cyrillic letters"),
        pytest.param("de", None, None, OUTSIDE, id="lower case past the parser"),
        pytest.param("", None, None, OUTSIDE, id="empty is not absent"),
    ],
)
def test_every_piece_of_evidence_must_be_allowed(
    operator: str | None, directory: str | None, addresses: set[str] | None, expected: Decision
) -> None:
    told = None if addresses is None else frozenset(addresses)
    assert decide(facts(ResidencyEvidence(STRICT, operator, directory, told))) == expected


def test_unknown_passes_only_when_the_policy_says_so() -> None:
    lenient = replace(STRICT, unknown=Unknown.ALLOW)
    assert decide(facts(replace(NONE, policy=lenient))) == Allow()
    assert decide(facts(replace(ABROAD, policy=lenient))) == OUTSIDE


@pytest.mark.parametrize("evidence", [NONE, ABROAD])
def test_observing_refuses_nothing_but_the_verdict_stands(evidence: ResidencyEvidence) -> None:
    assert decide(facts(evidence, is_enforced=False)) == Allow()
    assert isinstance(judge_residency(evidence), Deny)


def test_without_the_block_there_is_no_such_condition() -> None:
    assert decide(facts(None)) == Allow()


def test_the_own_server_is_where_it_is() -> None:
    assert decide(facts(ABROAD, server=str(OWN))) == Allow()


CODES = st.sampled_from(["DE", "FR", "RE", "US", "XK", "EU", "PF", UNREADABLE])
COUNTRIES = st.one_of(CODES, st.text().map(read_country))
EVIDENCE = st.builds(
    ResidencyEvidence,
    st.builds(ResidencyPolicy, st.just(STRICT.allowed_countries), st.sampled_from(Unknown)),
    st.none() | COUNTRIES,
    st.none() | COUNTRIES,
    st.none() | st.frozensets(COUNTRIES, max_size=3),
)


@given(EVIDENCE)
def test_enforcing_never_allows_a_server_with_a_country_that_is_not_allowed(evidence: ResidencyEvidence) -> None:
    told = [evidence.operator_country, evidence.directory_country, *(evidence.address_countries or ())]
    if any(country is not None and country not in STRICT.allowed_countries for country in told):
        assert decide(facts(evidence)) == OUTSIDE


@given(EVIDENCE, COUNTRIES)
def test_more_evidence_never_widens_except_from_unknown_to_known(evidence: ResidencyEvidence, more: str) -> None:
    before = decide(facts(evidence))
    addresses = (evidence.address_countries or frozenset()) | {more}
    widened = [replace(evidence, address_countries=addresses)]
    widened += [replace(evidence, operator_country=more)] if evidence.operator_country is None else []
    widened += [replace(evidence, directory_country=more)] if evidence.directory_country is None else []
    for after in map(decide, map(facts, widened)):
        if before == OUTSIDE:
            assert after == OUTSIDE
        elif after == Allow():
            assert more in STRICT.allowed_countries
