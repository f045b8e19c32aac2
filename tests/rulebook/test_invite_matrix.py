"""Section 3.4 of the rule book as one table: who invites × who is invited × what she stored × which way."""

from typing import Any

import pytest

from tests.rulebook.conftest import NewUser
from tests.synapse.invite_paths import assert_refused, by_create_room, by_invite, by_membership_event
from tests.synapse.matrix import EPA_PERMISSION_CONFIG, PERMISSION_CONFIG, set_permission
from tim_sandbox.homeserver_client import MatrixUser

INSURERS = ("kasse.tim.test", "alte-kasse.tim.test")
PATHS = (by_invite, by_create_room, by_membership_event)
BLOCK, ALLOW = {"defaultSetting": "block all"}, {"defaultSetting": "allow all"}
GROUP_AS_TEXT = {"groupExceptions": ["isInsuredPerson"]}
GROUP_AS_OBJECT = {"groupExceptions": [{"groupName": "isInsuredPerson"}]}

CONFIGS: dict[str, tuple[dict[str, Any], bool, bool]] = {
    "allow all": (ALLOW, True, True),
    "block all": (BLOCK, False, False),
    "block all, except the user": (BLOCK | {"userExceptions": {"USER": {}}}, True, True),
    "block all, except another user": (BLOCK | {"userExceptions": {"@nobody:praxis.tim.test": {}}}, False, False),
    "block all, except the server": (BLOCK | {"serverExceptions": {"SERVER": {}}}, True, True),
    "allow all, except the user": (ALLOW | {"userExceptions": {"USER": {}}}, False, False),
    "allow all, except server and user": (
        ALLOW | {"serverExceptions": {"SERVER": {}}, "userExceptions": {"USER": {}}},
        False,
        False,
    ),
    "block all, except insured (text)": (BLOCK | GROUP_AS_TEXT, False, True),
    "block all, except insured (object)": (BLOCK | GROUP_AS_OBJECT, False, True),
    "allow all, except insured": (ALLOW | GROUP_AS_OBJECT, True, False),
    "unreadable": ({"defaultSetting": "allow everybody"}, False, False),
}
"""Content, with USER and SERVER for the inviter's; whether it admits a professional; whether it admits an insured."""


def content_for(content: dict[str, Any], inviter: MatrixUser) -> dict[str, Any]:
    server_name = inviter.user_id.partition(":")[2]
    names = {"USER": inviter.user_id, "SERVER": server_name}
    return {
        key: {names.get(name, name): exception for name, exception in value.items()}
        if isinstance(value, dict)
        else value
        for key, value in content.items()
    }


@pytest.mark.requirement("A_26021-01")
@pytest.mark.requirement("A_25045-02")
@pytest.mark.requirement("A_25704")
@pytest.mark.requirement("A_25705")
@pytest.mark.requirement("AF_10233")
@pytest.mark.parametrize("invitee_server", ["praxis.tim.test", "alte-praxis.tim.test", *INSURERS])
@pytest.mark.parametrize("inviter_server", ["praxis.tim.test", "alte-praxis.tim.test", "kasse.tim.test"])
async def test_the_invitees_configuration_decides_unless_both_are_insured(
    new_user: NewUser, inviter_server: str, invitee_server: str
) -> None:
    """Each configuration by one of the paths in turn; colleagues where both servers are the same."""
    inviter, invitee = await new_user(inviter_server), await new_user(invitee_server)
    is_insured = inviter_server in INSURERS
    data_type = EPA_PERMISSION_CONFIG if invitee_server in INSURERS else PERMISSION_CONFIG
    for number, (name, (content, admits_professional, admits_insured)) in enumerate(CONFIGS.items()):
        await set_permission(invitee, content_for(content, inviter), data_type)
        answer = await PATHS[number % len(PATHS)](inviter, invitee.user_id)
        if is_insured and invitee_server in INSURERS:
            assert_refused(answer)
            assert answer.body["error"] == "Versicherte können andere Versicherte nicht einladen.", name
        elif admits_insured if is_insured else admits_professional:
            assert answer.status == 200, (name, answer)
        else:
            assert_refused(answer)


@pytest.mark.requirement("A_26021-01")
@pytest.mark.requirement("AF_10061")
@pytest.mark.parametrize(
    ("inviter_server", "invitee_server", "admitted"),
    [
        pytest.param("pflege.tim.test", "praxis.tim.test", True, id="1.2 admits everybody"),
        pytest.param("kasse.tim.test", "praxis.tim.test", True, id="1.2 admits insured"),
        pytest.param("praxis.tim.test", "kasse.tim.test", True, id="1.2 ePA admits professionals"),
        pytest.param("praxis.tim.test", "alte-praxis.tim.test", False, id="1.1 admits no stranger"),
        pytest.param("kasse.tim.test", "alte-praxis.tim.test", False, id="1.1 admits no insured"),
        pytest.param("praxis.tim.test", "alte-kasse.tim.test", False, id="1.1 ePA admits no stranger"),
        pytest.param("alte-praxis.tim.test", "alte-praxis.tim.test", True, id="1.1 admits colleagues"),
    ],
)
@pytest.mark.parametrize("path", PATHS)
async def test_who_stored_nothing_is_reached_as_the_profile_says(
    new_user: NewUser,
    inviter_server: str,
    invitee_server: str,
    admitted: bool,
    path: Any,
) -> None:
    inviter, invitee = await new_user(inviter_server), await new_user(invitee_server)
    answer = await path(inviter, invitee.user_id)
    if admitted:
        assert answer.status == 200, answer
    else:
        assert_refused(answer)
