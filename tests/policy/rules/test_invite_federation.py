"""S1: both servers belong to the federation."""

import pytest

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.facts import EMPTY, LISTED, invite
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.federation_list import FederationList
from tim_policy.rules.invite_federation import decide

NO_LIST = Deny("A_25534", Reason.NO_VERIFIED_LIST)
NOT_LISTED = Deny("A_25534", Reason.SERVER_NOT_LISTED)

PARAMETERS = in_force(RULES.invite_federation)


@pytest.mark.requirement("A_25534")
@pytest.mark.requirement("AF_10064-02")
@pytest.mark.parametrize(
    ("inviter", "invitee", "federation_list", "expected"),
    [
        pytest.param("pflege.tim.test", "praxis.tim.test", LISTED, Allow(), id="listed invites us"),
        pytest.param("praxis.tim.test", "pflege.tim.test", LISTED, Allow(), id="we invite listed"),
        pytest.param("praxis.tim.test", "praxis.tim.test", None, Allow(), id="own server needs no list"),
        pytest.param("praxis.tim.test", "praxis.tim.test", EMPTY, Allow(), id="own server need not be listed"),
        pytest.param("pflege.tim.test", "praxis.tim.test", None, NO_LIST, id="no list denies inbound"),
        pytest.param("praxis.tim.test", "pflege.tim.test", None, NO_LIST, id="no list denies outbound"),
        pytest.param("pflege.tim.test", "praxis.tim.test", EMPTY, NOT_LISTED, id="empty list denies"),
        pytest.param("fremd.test", "praxis.tim.test", LISTED, NOT_LISTED, id="outsider invites us"),
        pytest.param("praxis.tim.test", "fremd.test", LISTED, NOT_LISTED, id="we invite outsider"),
        pytest.param("fremd.test", "pflege.tim.test", LISTED, NOT_LISTED, id="outsider invites third server"),
        pytest.param("pflege.tim.test.evil.test", "praxis.tim.test", LISTED, NOT_LISTED, id="listed name as prefix"),
        pytest.param("evil.pflege.tim.test", "praxis.tim.test", LISTED, NOT_LISTED, id="subdomain of a listed name"),
        pytest.param("pflege.tim.test:8449", "praxis.tim.test", LISTED, NOT_LISTED, id="listed name, other port"),
        pytest.param("praxis.tim.test:8448", "praxis.tim.test", LISTED, NOT_LISTED, id="own name with a port"),
        pytest.param("PFLEGE.TIM.TEST", "praxis.tim.test", LISTED, Allow(), id="upper case is the same name"),
    ],
)
def test_membership_decides(
    inviter: str, invitee: str, federation_list: FederationList | None, expected: Decision
) -> None:
    assert decide(invite(inviter, invitee, federation_list=federation_list), PARAMETERS) == expected
