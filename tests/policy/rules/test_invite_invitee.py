"""The invitee is another person with an active account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.facts import OWN, invite
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.invite import InviteeFacts, InviteFacts
from tim_policy.names import parse_user_id
from tim_policy.rules.invite_invitee import REQUIREMENT, decide

PARAMETERS = in_force(RULES.invite_invitee)
SERVERS = ["praxis.tim.test", "pflege.tim.test", "kasse.tim.test"]


@pytest.mark.requirement("AF_10104-03")
@pytest.mark.parametrize("inviter", SERVERS)
def test_a_user_of_this_homeserver_needs_an_active_account(inviter: str) -> None:
    assert decide(invite(inviter, "praxis.tim.test"), PARAMETERS) == Allow()
    missing = invite(inviter, "praxis.tim.test", is_active=False)
    assert decide(missing, PARAMETERS) == Deny(REQUIREMENT, Reason.INVITEE_UNKNOWN)


@given(st.sampled_from(SERVERS), st.sampled_from(SERVERS[1:]), st.booleans())
def test_accounts_of_other_homeservers_are_their_business(inviter: str, invitee: str, is_active: bool) -> None:
    assert decide(invite(inviter, invitee, is_active=is_active), PARAMETERS) == Allow()


@pytest.mark.parametrize("spelling", ["@a:praxis.tim.test", "@a:PRAXIS.tim.test"])
def test_nobody_invites_herself(spelling: str) -> None:
    user = parse_user_id("@a:praxis.tim.test")
    facts = InviteFacts(user, parse_user_id(spelling), OWN, False, None, InviteeFacts(True, None, False), None)
    assert decide(facts, PARAMETERS) == Deny(REQUIREMENT, Reason.INVITE_OF_ONESELF)
