"""S2: the invitee decides who may invite her."""

import pytest

from tests.policy.profiles import PROFILES, RULES, in_force
from tests.policy.rules.facts import invite
from tim_policy.decision import Allow, Decision, Deny, Reason
from tim_policy.directory.where_is import DirectoryPart, Whereabouts
from tim_policy.names import parse_server_name, parse_user_id
from tim_policy.permission_config import DefaultSetting, PermissionConfig, Unconfigured, UnreadablePermissionConfig
from tim_policy.profile import ProfileName
from tim_policy.rules.invite_permission import decide, is_directory_asked

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


@pytest.mark.parametrize(
    ("unconfigured", "inviter", "expected"),
    [
        (Unconfigured.ALLOW_ALL, "pflege.tim.test", Allow()),
        (Unconfigured.OWN_SERVER, "pflege.tim.test", BLOCKED),
        (Unconfigured.OWN_SERVER, "praxis.tim.test", Allow()),
        (Unconfigured.BLOCK_ALL, "pflege.tim.test", BLOCKED),
        (Unconfigured.BLOCK_ALL, "praxis.tim.test", BLOCKED),
    ],
)
def test_nothing_stored_is_what_the_operator_chose(
    unconfigured: Unconfigured, inviter: str, expected: Decision
) -> None:
    chosen = PARAMETERS.model_copy(update={"unconfigured": unconfigured})
    assert decide(invite(inviter, "praxis.tim.test"), chosen) == expected


@pytest.mark.requirement("AF_10061")
@pytest.mark.parametrize("name", [ProfileName.PRO_1_1, ProfileName.EPA_1_1])
@pytest.mark.parametrize(
    ("inviter", "permission", "is_contact", "expected"),
    [
        pytest.param("pflege.tim.test", None, False, BLOCKED, id="stranger"),
        pytest.param("pflege.tim.test", None, True, Allow(), id="contact"),
        pytest.param("praxis.tim.test", None, False, Allow(), id="colleague"),
        pytest.param("praxis.tim.test", BLOCK_ALL, False, BLOCKED, id="colleague, but blocks all"),
        pytest.param("pflege.tim.test", BLOCK_ALL, True, Allow(), id="contact, but blocks all"),
        pytest.param("pflege.tim.test", UnreadablePermissionConfig(""), True, Allow(), id="contact, but unreadable"),
        pytest.param("pflege.tim.test", PermissionConfig(DefaultSetting.ALLOW_ALL), False, Allow(), id="allows all"),
    ],
)
def test_in_1_1_the_contact_list_admits_before_anything_else(
    name: ProfileName,
    inviter: str,
    permission: PermissionConfig | UnreadablePermissionConfig | None,
    is_contact: bool,
    expected: Decision,
) -> None:
    facts = invite(inviter, "praxis.tim.test", permission=permission, is_contact=is_contact)
    assert decide(facts, in_force(PROFILES[name].rules.invite_permission)) == expected


@pytest.mark.parametrize("name", [ProfileName.PRO_1_2, ProfileName.EPA_1_2])
def test_in_1_2_there_is_no_contact_list(name: ProfileName) -> None:
    facts = invite("pflege.tim.test", "praxis.tim.test", permission=BLOCK_ALL, is_contact=True)
    assert decide(facts, in_force(PROFILES[name].rules.invite_permission)) == BLOCKED


def test_an_invitee_of_another_server_is_judged_there() -> None:
    assert decide(invite("praxis.tim.test", "pflege.tim.test", permission=BLOCK_ALL), PARAMETERS) == Allow()


LISTED_SERVICE = Whereabouts(DirectoryPart.ORGANISATION)


@pytest.mark.requirement("AF_10061")
@pytest.mark.parametrize("name", [ProfileName.PRO_1_1, ProfileName.EPA_1_1])
@pytest.mark.parametrize(
    ("permission", "whereabouts", "expected"),
    [
        pytest.param(None, LISTED_SERVICE, Allow(), id="listed service"),
        pytest.param(None, None, BLOCKED, id="not asked or no answer"),
        pytest.param(None, Whereabouts(DirectoryPart.NONE, DirectoryPart.BOTH), BLOCKED, id="not listed"),
        pytest.param(None, Whereabouts(DirectoryPart.PRACTITIONER), BLOCKED, id="practitioner, inviter unknown"),
        pytest.param(
            None, Whereabouts(DirectoryPart.PRACTITIONER, DirectoryPart.ORGANISATION), BLOCKED, id="org to pract"
        ),
        pytest.param(
            None, Whereabouts(DirectoryPart.PRACTITIONER, DirectoryPart.PRACTITIONER), Allow(), id="two practitioners"
        ),
        pytest.param(BLOCK_ALL, LISTED_SERVICE, BLOCKED, id="listed, but blocks all"),
        pytest.param(UnreadablePermissionConfig(""), LISTED_SERVICE, UNREADABLE, id="listed, but unreadable"),
    ],
)
def test_in_1_1_the_directory_admits_where_nothing_is_stored(
    name: ProfileName,
    permission: PermissionConfig | UnreadablePermissionConfig | None,
    whereabouts: Whereabouts | None,
    expected: Decision,
) -> None:
    facts = invite("pflege.tim.test", "praxis.tim.test", permission=permission, whereabouts=whereabouts)
    assert decide(facts, in_force(PROFILES[name].rules.invite_permission)) == expected


def test_the_directory_counts_neither_in_1_2_nor_where_the_operator_blocks_all() -> None:
    facts = invite("pflege.tim.test", "praxis.tim.test", whereabouts=LISTED_SERVICE)
    old = in_force(PROFILES[ProfileName.PRO_1_1].rules.invite_permission)
    blocked = PARAMETERS.model_copy(update={"unconfigured": Unconfigured.OWN_SERVER})
    for parameters in (blocked, old.model_copy(update={"unconfigured": Unconfigured.BLOCK_ALL})):
        assert decide(facts, parameters) == BLOCKED
        assert not is_directory_asked(facts, parameters)


def test_nobody_is_asked_about_who_stored_something_or_lives_elsewhere() -> None:
    old = in_force(PROFILES[ProfileName.PRO_1_1].rules.invite_permission)
    assert is_directory_asked(invite("pflege.tim.test", "praxis.tim.test"), old)
    assert not is_directory_asked(invite("pflege.tim.test", "praxis.tim.test", permission=BLOCK_ALL), old)
    assert not is_directory_asked(invite("praxis.tim.test", "pflege.tim.test"), old)
