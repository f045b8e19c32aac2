"""S1b: insured persons do not invite insured persons."""

import pytest

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.facts import EMPTY, LISTED, invite
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.federation_list import FederationList
from tim_policy.names import parse_server_name
from tim_policy.permission_config import DefaultSetting, PermissionConfig
from tim_policy.rules.invite_insured import decide

BANNED = Deny("A_25705", Reason.INSURED_TO_INSURED)
KASSE = parse_server_name("kasse.tim.test")

PARAMETERS = in_force(RULES.invite_insured)


@pytest.mark.requirement("AF_10233")
@pytest.mark.requirement("A_25704")
@pytest.mark.requirement("A_25705")
@pytest.mark.parametrize(
    ("inviter", "invitee", "federation_list", "expected"),
    [
        pytest.param("pflege.tim.test", "kasse.tim.test", LISTED, Allow(), id="professional invites insured"),
        pytest.param("kasse.tim.test", "pflege.tim.test", LISTED, Allow(), id="insured invites professional"),
        pytest.param("kasse.tim.test", "kasse.tim.test", LISTED, BANNED, id="insured, same insurer"),
        pytest.param("kasse.tim.test", "andere-kasse.tim.test", LISTED, BANNED, id="insured, two insurers"),
        pytest.param("andere-kasse.tim.test", "kasse.tim.test", LISTED, BANNED, id="the other direction"),
        pytest.param("kasse.tim.test", "kasse.tim.test", None, BANNED, id="own product needs no list"),
        pytest.param("kasse.tim.test", "kasse.tim.test", EMPTY, BANNED, id="own product need not be listed"),
    ],
)
def test_one_side_must_be_professional(
    inviter: str, invitee: str, federation_list: FederationList | None, expected: Decision
) -> None:
    facts = invite(inviter, invitee, own_server=KASSE, is_own_insurance=True, federation_list=federation_list)
    assert decide(facts, PARAMETERS) == expected


def test_the_invitee_cannot_lift_the_ban() -> None:
    everybody = PermissionConfig(DefaultSetting.ALLOW_ALL)
    facts = invite("andere-kasse.tim.test", "kasse.tim.test", own_server=KASSE, permission=everybody)
    assert decide(facts, PARAMETERS) == BANNED
