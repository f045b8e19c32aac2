"""A new user finds a permission configuration, and nothing that a user stored is ever overwritten."""

from typing import Any
from uuid import uuid4

import pytest

from tests.rulebook.conftest import NewUser
from tests.synapse.matrix import EPA_PERMISSION_CONFIG, PERMISSION_CONFIG, account_data_of, set_permission
from tim_sandbox.running import Sandbox

ALLOW = {"defaultSetting": "allow all"}


@pytest.mark.requirement("A_26389")
@pytest.mark.parametrize(
    ("server_name", "data_type", "expected"),
    [
        ("praxis.tim.test", PERMISSION_CONFIG, ALLOW),
        ("kasse.tim.test", EPA_PERMISSION_CONFIG, ALLOW),
        ("alte-praxis.tim.test", PERMISSION_CONFIG, None),
        ("alte-kasse.tim.test", EPA_PERMISSION_CONFIG, None),
    ],
)
async def test_a_new_user_has_what_the_profile_gives_her(
    new_user: NewUser, server_name: str, data_type: str, expected: Any
) -> None:
    assert await account_data_of(await new_user(server_name), data_type) == expected


@pytest.mark.requirement("A_26390")
@pytest.mark.parametrize(
    "stored",
    [
        pytest.param({"defaultSetting": "block all"}, id="readable"),
        pytest.param({"defaultSetting": "allow everybody"}, id="unreadable"),
        pytest.param({}, id="empty"),
    ],
)
async def test_a_login_overwrites_nothing(new_user_both: NewUser, stored: dict[str, Any]) -> None:
    doctor = await new_user_both("praxis.tim.test")
    await set_permission(doctor, stored)
    logged_out = await doctor.request("POST", "/_matrix/client/v3/logout/all", {})
    assert logged_out.status == 200, logged_out
    localpart = doctor.user_id[1:].partition(":")[0]
    again = await doctor.homeserver.login(localpart, "password")
    assert await account_data_of(again, PERMISSION_CONFIG) == stored


@pytest.mark.requirement("A_26389")
async def test_processes_of_one_homeserver_give_it_too(new_user_both: NewUser) -> None:
    assert await account_data_of(await new_user_both("praxis.tim.test"), PERMISSION_CONFIG) == ALLOW


@pytest.mark.requirement("A_25044")
async def test_an_older_client_is_heard_over_what_a_new_user_got(rulebook: Sandbox, new_user: NewUser) -> None:
    doctor = await new_user("praxis.tim.test")
    await set_permission(doctor, {"defaultSetting": "block all"}, "de.gematik.tim.account.permissionconfig.v1")
    assert await account_data_of(doctor, PERMISSION_CONFIG) == ALLOW
    nurse = await rulebook.homeserver("pflege.tim.test").new_user(f"user-{uuid4().hex[:8]}", "password")
    answer = await nurse.request("POST", "/_matrix/client/v3/createRoom", {"invite": [doctor.user_id]})
    assert (answer.status, answer.body["errcode"]) == (403, "M_FORBIDDEN")
