"""An operator may refuse all contact with insurers' servers; no profile does."""

import pytest

from tests.policy.profiles import PROFILES
from tests.policy.rules.facts import invite
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.names import parse_server_name
from tim_policy.profile import ProfileName
from tim_policy.rules.invite_insurers import REQUIREMENT, Parameters, decide

REFUSED = Deny(REQUIREMENT, Reason.INSURERS_REFUSED)
KASSE = parse_server_name("kasse.tim.test")


@pytest.mark.requirement("NO_INSURERS")
@pytest.mark.parametrize(
    ("inviter", "invitee", "expected"),
    [
        ("praxis.tim.test", "kasse.tim.test", REFUSED),
        ("kasse.tim.test", "praxis.tim.test", REFUSED),
        ("praxis.tim.test", "pflege.tim.test", Allow()),
        ("pflege.tim.test", "praxis.tim.test", Allow()),
        ("praxis.tim.test", "praxis.tim.test", Allow()),
    ],
)
def test_either_direction_is_refused(inviter: str, invitee: str, expected: Decision) -> None:
    assert decide(invite(inviter, invitee), Parameters()) == expected


def test_an_insurers_own_server_goes_on_talking_to_professionals() -> None:
    own = {"own_server": KASSE, "is_own_insurance": True}
    assert decide(invite("kasse.tim.test", "praxis.tim.test", **own), Parameters()) == Allow()  # type: ignore[arg-type]
    other = invite("andere-kasse.tim.test", "kasse.tim.test", **own)  # type: ignore[arg-type]
    assert decide(other, Parameters()) == REFUSED


@pytest.mark.parametrize("name", ProfileName)
def test_no_profile_has_it_in_force(name: ProfileName) -> None:
    assert PROFILES[name].rules.invite_insurers is None
