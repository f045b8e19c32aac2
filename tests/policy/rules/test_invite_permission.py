"""S2: the invitee decides who may invite her."""

import pytest

from tests.policy.profiles import RULES, in_force
from tests.policy.rules.facts import invite
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.names import parse_server_name, parse_user_id
from tim_policy.permission_config import DefaultSetting, PermissionConfig, UnreadablePermissionConfig
from tim_policy.rules.invite_permission import decide

BLOCKED = Deny("A_26021-01", Reason.BLOCKED_BY_INVITEE)
UNREADABLE = Deny("A_26021-01", Reason.UNREADABLE_PERMISSION_CONFIG)
BLOCK_ALL = PermissionConfig(DefaultSetting.BLOCK_ALL)
BLOCK_BUT_ANNA = PermissionConfig(DefaultSetting.BLOCK_ALL, users=frozenset({parse_user_id("@a:pflege.tim.test")}))
BLOCK_BUT_OWN = PermissionConfig(DefaultSetting.BLOCK_ALL, servers=frozenset({parse_server_name("praxis.tim.test")}))
BLOCK_BUT_INSURED = PermissionConfig(DefaultSetting.BLOCK_ALL, is_insured_excepted=True)
ALLOW_BUT_INSURED = PermissionConfig(DefaultSetting.ALLOW_ALL, is_insured_excepted=True)

PARAMETERS = in_force(RULES.invite_permission)


@pytest.mark.requirement("A_26021-01")
@pytest.mark.parametrize(
    ("inviter", "permission", "expected"),
    [
        pytest.param("pflege.tim.test", None, Allow(), id="nothing stored"),
        pytest.param("pflege.tim.test", PermissionConfig(DefaultSetting.ALLOW_ALL), Allow(), id="allow all"),
        pytest.param("pflege.tim.test", BLOCK_ALL, BLOCKED, id="block all"),
        pytest.param("praxis.tim.test", BLOCK_ALL, BLOCKED, id="block all counts for colleagues"),
        pytest.param("pflege.tim.test", BLOCK_BUT_ANNA, Allow(), id="excepted user"),
        pytest.param("praxis.tim.test", BLOCK_BUT_ANNA, BLOCKED, id="same localpart on another server"),
        pytest.param("praxis.tim.test", BLOCK_BUT_OWN, Allow(), id="own server as exception"),
        pytest.param("kasse.tim.test", BLOCK_BUT_INSURED, Allow(), id="insured as exception"),
        pytest.param("pflege.tim.test", BLOCK_BUT_INSURED, BLOCKED, id="professional is not insured"),
        pytest.param("kasse.tim.test", ALLOW_BUT_INSURED, BLOCKED, id="insured blocked"),
        pytest.param("pflege.tim.test", UnreadablePermissionConfig(""), UNREADABLE, id="unreadable denies"),
        pytest.param("praxis.tim.test", UnreadablePermissionConfig(""), UNREADABLE, id="unreadable denies colleagues"),
    ],
)
def test_the_configuration_decides(
    inviter: str, permission: PermissionConfig | UnreadablePermissionConfig | None, expected: Decision
) -> None:
    assert decide(invite(inviter, "praxis.tim.test", permission=permission), PARAMETERS) == expected


def test_nothing_stored_is_what_the_operator_chose() -> None:
    strict = PARAMETERS.model_copy(update={"unconfigured": DefaultSetting.BLOCK_ALL})
    assert decide(invite("pflege.tim.test", "praxis.tim.test"), strict) == BLOCKED


def test_an_invitee_of_another_server_is_judged_there() -> None:
    assert decide(invite("praxis.tim.test", "pflege.tim.test", permission=BLOCK_ALL), PARAMETERS) == Allow()
