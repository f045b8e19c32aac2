"""The invite rules are asked in order, and every rule file takes part."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tim_policy.rules
from tests.policy.profiles import RULES
from tests.policy.rules.facts import EMPTY, LISTED, invite
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.permission_config import DefaultSetting, PermissionConfig, UnreadablePermissionConfig
from tim_policy.registry import INVITE_RULES, judge

BLOCK_ALL = PermissionConfig(DefaultSetting.BLOCK_ALL)
ALLOW_ALL = PermissionConfig(DefaultSetting.ALLOW_ALL)
SERVERS = ["praxis.tim.test", "pflege.tim.test", "kasse.tim.test", "andere-kasse.tim.test", "fremd.test"]


def test_the_first_refusal_is_the_answer() -> None:
    facts = invite("fremd.test", "praxis.tim.test", permission=BLOCK_ALL)
    assert judge(INVITE_RULES, RULES, facts) == Deny("A_25534", Reason.SERVER_NOT_LISTED)


def test_no_refusal_is_allow() -> None:
    assert judge(INVITE_RULES, RULES, invite("pflege.tim.test", "praxis.tim.test", permission=ALLOW_ALL)) == Allow()


def test_every_rule_file_has_a_test_of_its_name() -> None:
    rules = {path.stem for path in Path(tim_policy.rules.__file__).parent.glob("[!_]*.py")}
    tests = {path.stem.removeprefix("test_") for path in (Path(__file__).parent / "rules").glob("test_*.py")}
    assert rules == tests
    judging_invites = {rule.name for rule in INVITE_RULES}
    assert judging_invites == {name for name in rules if name.startswith("invite_")}


@pytest.mark.requirement("A_25534")
@given(
    st.sampled_from(SERVERS),
    st.sampled_from(SERVERS),
    st.sampled_from([None, EMPTY, LISTED]),
    st.sampled_from([None, BLOCK_ALL, ALLOW_ALL, UnreadablePermissionConfig("")]),
)
def test_allow_means_that_every_condition_holds(inviter, invitee, federation_list, permission) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    facts = invite(inviter, invitee, federation_list=federation_list, permission=permission)
    if judge(INVITE_RULES, RULES, facts) != Allow():
        return
    foreign = {inviter, invitee} - {"praxis.tim.test"}
    assert "fremd.test" not in foreign
    assert not foreign or federation_list is LISTED
    assert not (inviter.endswith("kasse.tim.test") and invitee.endswith("kasse.tim.test"))
    assert permission in (None, ALLOW_ALL) or invitee != "praxis.tim.test"
