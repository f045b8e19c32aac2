"""The invite rules are asked in order, and every rule file takes part."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tim_policy.rules
from tests.policy.profiles import PROFILES, RULES
from tests.policy.rules.facts import EMPTY, LISTED, invite
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.invite import InviteRoomFacts
from tim_policy.permission_config import DefaultSetting, PermissionConfig, UnreadablePermissionConfig
from tim_policy.profile import ProfileName
from tim_policy.registry import INVITE_RULES, TABLES, judge

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
    judging = {rule.name for table in TABLES.values() for rule in table}
    assert judging == {name for name in rules if not name.startswith("server_")}


@pytest.mark.requirement("A_25534")
@given(
    st.sampled_from(SERVERS),
    st.sampled_from(SERVERS),
    st.sampled_from([None, EMPTY, LISTED]),
    st.sampled_from([None, BLOCK_ALL, ALLOW_ALL, UnreadablePermissionConfig("")]),
    st.booleans(),
    st.booleans(),
    st.builds(InviteRoomFacts, st.integers(1, 4), st.booleans()) | st.none(),
    st.sampled_from(ProfileName),
)
def test_allow_means_that_every_condition_holds(  # type: ignore[no-untyped-def]
    inviter,  # noqa: ANN001
    invitee,  # noqa: ANN001
    federation_list,  # noqa: ANN001
    permission,  # noqa: ANN001
    is_active,  # noqa: ANN001
    is_contact,  # noqa: ANN001
    room,  # noqa: ANN001
    name,  # noqa: ANN001
) -> None:
    facts = invite(
        inviter,
        invitee,
        federation_list=federation_list,
        permission=permission,
        is_active=is_active,
        is_contact=is_contact,
        room=room,
    )
    if judge(INVITE_RULES, PROFILES[name].rules, facts) != Allow():
        return
    is_old = name.endswith("1.1")
    is_own = invitee == "praxis.tim.test"
    assert is_active or not is_own
    assert not (is_old and room == InviteRoomFacts(2, is_direct=True))
    if is_own and is_old and not is_contact:
        assert permission == ALLOW_ALL or inviter == invitee
    foreign = {inviter, invitee} - {"praxis.tim.test"}
    assert "fremd.test" not in foreign
    assert not foreign or federation_list is LISTED
    assert not (inviter.endswith("kasse.tim.test") and invitee.endswith("kasse.tim.test"))
    assert permission in (None, ALLOW_ALL) or not is_own or (is_old and is_contact)
