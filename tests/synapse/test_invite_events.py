"""An invite slipped into a federation transaction, past the `/invite` request that would have been refused."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote

import pytest

from tests.synapse.malicious_server import MaliciousServer
from tests.synapse.matrix import invitations_of, invite, new_room, say, sees, set_permission
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.running import Sandbox

NewUser = Callable[[str], Awaitable[MatrixUser]]
PRAXIS, PFLEGE = "praxis.tim.test", "pflege.tim.test"


@pytest.mark.requirement("A_26021-01")
@pytest.mark.parametrize("blocks", [True, False])
async def test_an_invite_event_cannot_go_around_the_permission_configuration(
    federation: Sandbox, new_user: NewUser, blocks: bool
) -> None:
    nurse, doctor, colleague = await new_user(PFLEGE), await new_user(PRAXIS), await new_user(PRAXIS)
    room_id = await new_room(nurse, room_version="10")
    # The practice's homeserver takes part in the room through a colleague, so events reach it by /send.
    assert (await invite(nurse, room_id, colleague.user_id)).status == 200
    assert (await colleague.request("POST", f"/_matrix/client/v3/join/{quote(room_id)}", {})).status == 200
    if blocks:
        await set_permission(doctor, {"defaultSetting": "block all"})

    attacker = MaliciousServer(PFLEGE, federation.layout.homeserver(PFLEGE) / "signing.key", federation.http)
    event = await attacker.invite_event(nurse, room_id, doctor.user_id)
    await attacker.send(PRAXIS, federation.homeserver(PRAXIS).client_url, event)

    # The practice handles the events of a room one by one: once this one is there, the invite was decided.
    await sees(colleague, room_id, await say(nurse, room_id, "Guten Tag"))
    # The unblocked case proves that the event is well made: it differs by the configuration only.
    assert await invitations_of(doctor) == (set() if blocks else {room_id})
