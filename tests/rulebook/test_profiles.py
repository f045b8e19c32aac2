"""Every profile's homeserver starts, and its users reach those of the others."""

from collections.abc import Awaitable, Callable

import pytest

from tests.synapse.matrix import EPA_PERMISSION_CONFIG, invitations_of, invite, new_room, set_permission
from tim_sandbox.homeserver_client import MatrixUser

NewUser = Callable[[str], Awaitable[MatrixUser]]


@pytest.mark.parametrize("server_name", ["praxis.tim.test", "alte-praxis.tim.test"])
@pytest.mark.parametrize("insurer", ["kasse.tim.test", "alte-kasse.tim.test"])
async def test_a_practice_invites_an_insured_person(new_user: NewUser, server_name: str, insurer: str) -> None:
    doctor, patient = await new_user(server_name), await new_user(insurer)
    await set_permission(patient, {"defaultSetting": "allow all"}, EPA_PERMISSION_CONFIG)  # 1.1 does not by itself
    answer = await invite(doctor, await new_room(doctor), patient.user_id)
    assert answer.status == 200, answer
    assert len(await invitations_of(patient)) == 1


async def test_a_practice_on_workers_invites_too(new_user_both: NewUser) -> None:
    doctor, nurse = await new_user_both("praxis.tim.test"), await new_user_both("pflege.tim.test")
    answer = await invite(doctor, await new_room(doctor), nurse.user_id)
    assert answer.status == 200, answer
