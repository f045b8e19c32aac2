"""Where a token may travel: all pairs of organisations under all policies."""

from itertools import product

import pytest

from tim_policy.directory.profession import CARE, DENTAL_PRACTICE, HOSPITAL, INSURER, PHARMACY, PRACTICE
from tim_policy.errors import TimError
from tim_policy.prescription.token import Token, read_token
from tim_policy.prescription.token_route import Carrier, Route, TokenRefused, TokenRouteConfig, refuse_token
from tim_policy.settings import load_settings

BASIS = {"legal_basis": "§ 12a ApoG, Auskunft der KV vom 1. März", "contract": "Vertrag 7"}
POLICIES = {
    Route.PATIENT_ONLY: TokenRouteConfig(),
    Route.CARE_SERVICE: TokenRouteConfig(route=Route.CARE_SERVICE),
    Route.PHARMACY_DIRECT: load_settings(TokenRouteConfig, {"route": "pharmacy_direct", **BASIS}, "tokens"),
}
EVERYBODY = (PRACTICE, DENTAL_PRACTICE, HOSPITAL, CARE, PHARMACY, INSURER, None)


def _token(kind: str = "169") -> Token:
    token = read_token(f"Task/{kind}.000.000.004.711.94/$accept?ac={'0' * 64}")
    assert token is not None
    return token


def _oids(*oids: str | None) -> frozenset[str]:
    return frozenset(oid for oid in oids if oid is not None)


@pytest.mark.parametrize("route", Route)
def test_only_these_ways_exist(route: Route) -> None:
    prescribers = (PRACTICE, DENTAL_PRACTICE, HOSPITAL)
    ways = {(CARE, PHARMACY)}
    if route is not Route.PATIENT_ONLY:
        ways |= {(prescriber, CARE) for prescriber in prescribers}
    if route is Route.PHARMACY_DIRECT:
        ways |= {(prescriber, PHARMACY) for prescriber in prescribers}
    for sender, receiver in product(EVERYBODY, EVERYBODY):
        for has_consent in (True, False):
            refused = refuse_token(_token(), _oids(sender), _oids(receiver), POLICIES[route], has_consent=has_consent)
            expected = None if has_consent else TokenRefused.NO_CONSENT
            assert refused is (expected if (sender, receiver) in ways else TokenRefused.NO_ROUTE), (sender, receiver)


def test_who_is_several_things_at_once_gets_nothing() -> None:
    policy = POLICIES[Route.PHARMACY_DIRECT]
    for sender, receiver in (
        (_oids(PRACTICE, CARE), _oids(PHARMACY)),
        (_oids(PRACTICE), _oids(CARE, PHARMACY)),
        (_oids(CARE, INSURER), _oids(PHARMACY)),
    ):
        assert refuse_token(_token(), sender, receiver, policy, has_consent=True) is TokenRefused.NO_ROUTE


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("165", TokenRefused.NARCOTIC),
        ("166", TokenRefused.T_PRESCRIPTION),
        ("162", TokenRefused.FLOW_TYPE),
        ("777", TokenRefused.FLOW_TYPE),
    ],
)
def test_some_tokens_never_travel(kind: str, refused: TokenRefused) -> None:
    for policy in POLICIES.values():
        assert refuse_token(_token(kind), _oids(PRACTICE), _oids(CARE), policy, has_consent=True) is refused


@pytest.mark.parametrize(
    "data",
    [
        {"route": "pharmacy_direct"},
        {"route": "pharmacy_direct", "legal_basis": BASIS["legal_basis"]},
        {"route": "pharmacy_direct", "contract": BASIS["contract"]},
        {"route": "care_service", **BASIS},
        {"route": "email"},
    ],
)
def test_the_direct_way_needs_a_basis_and_no_other_way_exists(data: dict[str, str]) -> None:
    with pytest.raises(TimError):
        load_settings(TokenRouteConfig, data, "tokens")


def test_nothing_outside_of_the_telematics_infrastructure_carries_tokens() -> None:
    assert set(Carrier) == {"encrypted_room", "kim", "local_print", "local_folder"}
