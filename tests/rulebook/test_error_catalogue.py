"""Status and error code of every refusal, one test per row of the catalogue.

The catalogue gathers what gematik's test suite and its reference implementation answer; a row names the profiles it
holds for by their homeservers. The rows about the directory (VZD) are in tests/sandbox/test_vzd.py, the one about a
list that is too old in tests/synapse/test_list_processes.py.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from tests.gate.raw_server import RawServer
from tests.rulebook.conftest import NewUser
from tests.synapse.matrix import create_room, invite, new_room, say, set_permission
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.running import Sandbox

PRO = ("praxis.tim.test", "alte-praxis.tim.test")
EPA = ("kasse.tim.test", "alte-kasse.tim.test")
EVERYBODY = PRO + EPA
EDITION_1_2 = ("praxis.tim.test", "kasse.tim.test")
PUBLIC = {"visibility": "public", "preset": "public_chat"}
CLIENT = "/_matrix/client/v3"
INFORMATION = "/tim-information/v1/server"


@dataclass(frozen=True, slots=True)
class World:
    """What a row needs: everything, and the name of the homeserver it is about."""

    sandbox: Sandbox
    new_user: NewUser
    server_name: str

    async def user(self) -> MatrixUser:
        return await self.new_user(self.server_name)

    async def without_token(self, method: str, path: str, body: Any = None) -> Answer:
        return await self.sandbox.homeserver(self.server_name).request(method, path, body)

    async def listed_peer(self) -> str:
        """A professional on another listed homeserver."""
        server_name = "pflege.tim.test" if self.server_name != "pflege.tim.test" else "praxis.tim.test"
        return (await self.new_user(server_name)).user_id

    def raw(self, server_name: str) -> RawServer:
        """Another homeserver's operator, with its key in her hand."""
        return RawServer(
            server_name,
            self.sandbox.layout.homeserver(server_name) / "signing.key",
            self.server_name,
            self.sandbox.homeserver(self.server_name).client_url,
            self.sandbox.http,
        )


Call = Callable[[World], Awaitable[Answer]]
ROWS: list[Any] = []


def row(status: int, errcode: str | None, *server_names: str) -> Callable[[Call], Call]:
    """Add a row for each of the homeservers; errcode None: no body, or one that is not Matrix's."""

    def add(call: Call) -> Call:
        name = call.__name__.replace("_", " ").strip()
        ROWS.extend(
            pytest.param(call, server_name, status, errcode, id=f"{name} [{server_name}]")
            for server_name in server_names
        )
        return call

    return add


async def state(user: MatrixUser, room_id: str, event_type: str, content: Any) -> Answer:
    return await user.request("PUT", f"{CLIENT}/rooms/{quote(room_id)}/state/{event_type}", content)


async def send(user: MatrixUser, room_id: str, event_type: str, content: Any) -> Answer:
    return await user.request("PUT", f"{CLIENT}/rooms/{quote(room_id)}/send/{event_type}/{uuid4().hex}", content)


async def openid_token(user: MatrixUser) -> str:
    answer = await user.request("POST", f"{CLIENT}/user/{quote(user.user_id)}/openid/request_token", {})
    assert answer.status == 200, answer
    return str(answer.body["access_token"])


# --- Membership in the federation ---


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def invite_of_an_unlisted_domain(world: World) -> Answer:
    user, outsider = await world.user(), await world.new_user("fremd.test")
    return await invite(user, await new_room(user), outsider.user_id)


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def createroom_with_an_unlisted_domain(world: World) -> Answer:
    return await create_room(await world.user(), invite=[(await world.new_user("fremd.test")).user_id])


@row(401, "M_UNAUTHORIZED", *EVERYBODY)
async def federation_request_without_x_matrix(world: World) -> Answer:
    return await world.without_token("GET", "/_matrix/federation/v1/event/$nothing")


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def federation_request_of_an_unlisted_origin(world: World) -> Answer:
    return await world.raw("fremd.test").request("GET", "/_matrix/federation/v1/event/$nothing")


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def media_of_an_unlisted_server(world: World) -> Answer:
    return await (await world.user()).request("GET", "/_matrix/client/v1/media/download/fremd.test/abc")


# --- Invites ---


@row(403, "M_FORBIDDEN", *PRO)
async def invite_that_the_invitee_blocks(world: World) -> Answer:
    inviter, invitee = await world.new_user("pflege.tim.test"), await world.user()
    await set_permission(invitee, {"defaultSetting": "block all"})
    return await invite(inviter, await new_room(inviter), invitee.user_id)


@row(403, "M_FORBIDDEN", *EPA)
async def invite_that_the_insured_invitee_blocks(world: World) -> Answer:
    inviter, invitee = await world.new_user("pflege.tim.test"), await world.user()
    data_type = "de.gematik.tim.account.permissionconfig.epa.v1"
    await set_permission(invitee, {"defaultSetting": "block all"}, data_type)
    return await invite(inviter, await new_room(inviter), invitee.user_id)


@row(403, "M_FORBIDDEN", "alte-praxis.tim.test")
async def invite_of_somebody_whom_the_invitee_never_admitted(world: World) -> Answer:
    inviter = await world.new_user("pflege.tim.test")
    return await invite(inviter, await new_room(inviter), (await world.user()).user_id)


@row(403, "M_FORBIDDEN", "alte-praxis.tim.test", "alte-kasse.tim.test")
async def third_user_in_a_direct_chat(world: World) -> Answer:
    user, other, third = await world.user(), await world.new_user("praxis.tim.test"), await world.listed_peer()
    room_id = await new_room(user, is_direct=True, preset="trusted_private_chat", invite=[other.user_id])
    path = f"{CLIENT}/user/{quote(user.user_id)}/account_data/m.direct"
    assert (await user.request("PUT", path, {other.user_id: [room_id]})).status == 200
    return await invite(user, room_id, third)


@row(200, None, *EDITION_1_2)
async def third_user_in_a_direct_chat_is_allowed_by_her_permission(world: World) -> Answer:
    user, other = await world.user(), await world.new_user("praxis.tim.test")
    room_id = await new_room(user, is_direct=True, preset="trusted_private_chat", invite=[other.user_id])
    path = f"{CLIENT}/user/{quote(user.user_id)}/account_data/m.direct"
    assert (await user.request("PUT", path, {other.user_id: [room_id]})).status == 200
    return await invite(user, room_id, await world.listed_peer())


@row(403, "M_FORBIDDEN", *EPA)
async def insured_invites_insured(world: World) -> Answer:
    user = await world.user()
    return await invite(user, await new_room(user), (await world.user()).user_id)


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def createroom_with_two_invitees(world: World) -> Answer:
    return await create_room(await world.user(), invite=[await world.listed_peer(), await world.listed_peer()])


# --- Rooms ---


@row(400, "M_UNSUPPORTED_ROOM_VERSION", *EVERYBODY)
async def createroom_with_version_11(world: World) -> Answer:
    return await create_room(await world.user(), room_version="11")


@row(400, "M_UNSUPPORTED_ROOM_VERSION", *EVERYBODY)
async def upgrade_to_version_11(world: World) -> Answer:
    user = await world.user()
    path = f"{CLIENT}/rooms/{quote(await new_room(user))}/upgrade"
    return await user.request("POST", path, {"new_version": "11"})


@row(400, "M_BAD_JSON", *EDITION_1_2)
async def createroom_of_type_v2(world: World) -> Answer:
    return await create_room(await world.user(), creation_content={"type": "de.gematik.tim.roomtype.default.v2"})


@row(403, "M_FORBIDDEN", *EDITION_1_2)
async def private_room_without_encryption(world: World) -> Answer:
    none = {"type": "m.room.encryption", "state_key": "", "content": {}}
    return await create_room(await world.user(), preset="private_chat", initial_state=[none])


@row(403, "M_FORBIDDEN", *EPA)
async def public_room_of_an_insured_person(world: World) -> Answer:
    return await create_room(await world.user(), **PUBLIC)


@row(403, "M_FORBIDDEN", *EPA)
async def insured_makes_history_world_readable(world: World) -> Answer:
    user = await world.user()
    content = {"history_visibility": "world_readable"}
    return await state(user, await new_room(user), "m.room.history_visibility", content)


@row(403, "M_FORBIDDEN", *EPA)
async def insured_lists_a_room(world: World) -> Answer:
    user = await world.user()
    path = f"{CLIENT}/directory/list/room/{quote(await new_room(user))}"
    return await user.request("PUT", path, {"visibility": "public"})


@row(403, "M_FORBIDDEN", *EPA)
async def insured_makes_a_room_public(world: World) -> Answer:
    user = await world.user()
    return await state(user, await new_room(user), "m.room.join_rules", {"join_rule": "public"})


@row(403, "M_FORBIDDEN", *EPA)
async def insured_lets_people_knock(world: World) -> Answer:
    user = await world.user()
    return await state(user, await new_room(user), "m.room.join_rules", {"join_rule": "knock"})


@row(400, "M_INVALID_ROOM_STATE", *PRO)
async def professional_makes_a_room_public_later(world: World) -> Answer:
    user = await world.user()
    return await state(user, await new_room(user), "m.room.join_rules", {"join_rule": "public"})


@row(400, "M_INVALID_ROOM_STATE", *PRO)
async def professional_makes_history_of_a_federated_room_world_readable(world: World) -> Answer:
    user = await world.user()
    content = {"history_visibility": "world_readable"}
    return await state(user, await new_room(user), "m.room.history_visibility", content)


@row(403, "M_FORBIDDEN", *PRO)
async def non_member_reads_a_public_room_with_shared_history(world: World) -> Answer:
    owner, colleague = await world.user(), await world.user()
    room_id = await new_room(owner, **PUBLIC)
    await say(owner, room_id, "Guten Morgen")
    return await colleague.request("GET", f"{CLIENT}/rooms/{quote(room_id)}/messages?dir=b")


# --- Directory of rooms ---


@row(403, "M_FORBIDDEN", *EPA)
async def public_rooms_without_token_by_get(world: World) -> Answer:
    return await world.without_token("GET", f"{CLIENT}/publicRooms")


@row(403, "M_FORBIDDEN", *EPA)
async def public_rooms_without_token_by_post(world: World) -> Answer:
    return await world.without_token("POST", f"{CLIENT}/publicRooms", {})


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def public_rooms_over_federation(world: World) -> Answer:
    return await world.raw("pflege.tim.test").request("GET", "/_matrix/federation/v1/publicRooms")


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def public_rooms_over_federation_by_post(world: World) -> Answer:
    return await world.raw("pflege.tim.test").request("POST", "/_matrix/federation/v1/publicRooms", {})


@row(401, "M_MISSING_TOKEN", *PRO)
async def public_rooms_of_professionals_without_token(world: World) -> Answer:
    return await world.without_token("GET", f"{CLIENT}/publicRooms")


@row(401, "M_MISSING_TOKEN", *PRO)
async def listing_of_a_room_without_token(world: World) -> Answer:
    user = await world.user()
    return await world.without_token("GET", f"{CLIENT}/directory/list/room/{quote(await new_room(user))}")


# --- Events ---


@row(400, "M_BAD_JSON", *EVERYBODY)
async def reaction_that_is_no_emoji(world: World) -> Answer:
    user = await world.user()
    room_id = await new_room(user)
    relation = {"rel_type": "m.annotation", "event_id": await say(user, room_id, "Hallo"), "key": "ok"}
    return await send(user, room_id, "m.reaction", {"m.relates_to": relation})


@row(400, "M_FORBIDDEN", *EVERYBODY)
async def message_in_a_thread(world: World) -> Answer:
    user = await world.user()
    room_id = await new_room(user)
    relation = {"rel_type": "m.thread", "event_id": await say(user, room_id, "Hallo")}
    return await send(user, room_id, "m.room.message", {"msgtype": "m.text", "body": "x", "m.relates_to": relation})


@row(403, "M_TOO_LARGE", *EVERYBODY)
async def presence_status_that_is_too_long(world: World) -> Answer:
    user = await world.user()
    path = f"{CLIENT}/presence/{quote(user.user_id)}/status"
    return await user.request("PUT", path, {"presence": "online", "status_msg": "x" * 251})


# --- Profile, login, standard errors ---


@row(401, "M_MISSING_TOKEN", *EVERYBODY)
async def profile_without_token(world: World) -> Answer:
    return await world.without_token("GET", f"{CLIENT}/profile/{quote((await world.user()).user_id)}")


@row(403, "M_FORBIDDEN", *EPA)
async def profile_of_somebody_in_no_shared_room(world: World) -> Answer:
    user, other = await world.user(), await world.user()
    return await user.request("GET", f"{CLIENT}/profile/{quote(other.user_id)}")


@row(404, "M_UNRECOGNIZED", *EVERYBODY)
async def url_preview(world: World) -> Answer:
    user = await world.user()
    return await user.request("GET", "/_matrix/client/v1/media/preview_url?url=https%3A%2F%2Fexample.org")


@row(404, "M_UNRECOGNIZED", *EVERYBODY)
async def older_url_preview(world: World) -> Answer:
    return await (await world.user()).request("GET", "/_matrix/media/v3/preview_url?url=https%3A%2F%2Fexample.org")


@row(200, None, *EVERYBODY)
async def media_config(world: World) -> Answer:
    return await (await world.user()).request("GET", "/_matrix/media/v3/config")


@row(405, "M_UNRECOGNIZED", *EVERYBODY)
async def delete_of_the_support_contacts(world: World) -> Answer:
    return await world.without_token("DELETE", "/.well-known/matrix/support")


@row(404, "M_UNRECOGNIZED", *EVERYBODY)
async def unknown_path(world: World) -> Answer:
    return await (await world.user()).request("GET", f"{CLIENT}/no-such-thing")


@row(405, "M_UNRECOGNIZED", *EVERYBODY)
async def unknown_method(world: World) -> Answer:
    return await (await world.user()).request("DELETE", f"{CLIENT}/createRoom")


@row(401, "M_UNAUTHORIZED", *EVERYBODY)
async def federation_version_without_signature(world: World) -> Answer:
    return await world.without_token("GET", "/_matrix/federation/v1/version")


@row(403, "M_FORBIDDEN", *EVERYBODY)
async def guest_registration(world: World) -> Answer:
    return await world.without_token("POST", f"{CLIENT}/register?kind=guest", {})


@row(404, "M_NOT_FOUND", *EVERYBODY)
async def login_token(world: World) -> Answer:
    return await (await world.user()).request("POST", "/_matrix/client/v1/login/get_token", {})


# --- Interfaces beside Matrix: errors are {errorCode, errorMessage} or have no body ---


@row(401, None, *PRO)
async def information_without_token(world: World) -> Answer:
    return await world.without_token("GET", f"{INFORMATION}/findByIk?ikNumber=101575519")


@row(401, None, *PRO)
async def information_with_an_access_token(world: World) -> Answer:
    return await (await world.user()).request("GET", f"{INFORMATION}/findByIk?ikNumber=101575519")


async def with_openid(world: World, path: str) -> Answer:
    token = await openid_token(await world.user())
    answer = await world.sandbox.homeserver(world.server_name).request("GET", path, access_token=token)
    if answer.status >= 400:
        assert answer.body.keys() == {"errorCode", "errorMessage"}
    return answer


@row(400, None, *PRO)
async def information_without_parameter(world: World) -> Answer:
    return await with_openid(world, f"{INFORMATION}/findByIk")


@row(404, None, *PRO)
async def information_about_an_unknown_ik(world: World) -> Answer:
    return await with_openid(world, f"{INFORMATION}/findByIk?ikNumber=108018007")


@row(403, None, "alte-praxis.tim.test")
async def contacts_of_somebody_else(world: World) -> Answer:
    user, other = await world.user(), await world.user()
    url = f"{user.homeserver.client_url}/tim-contact-mgmt/v1.0.2/contacts"
    headers = {"Authorization": f"Bearer {await openid_token(user)}", "Mxid": other.user_id}
    async with world.sandbox.http.get(url, headers=headers) as response:
        body = await response.json()
        assert body.keys() == {"errorCode", "errorMessage"}
        return Answer(response.status, body)


@pytest.mark.parametrize(("call", "server_name", "status", "errcode"), ROWS)
async def test_the_answer_is_the_catalogues(
    rulebook: Sandbox, new_user: NewUser, call: Call, server_name: str, status: int, errcode: str | None
) -> None:
    answer = await call(World(rulebook, new_user, server_name))
    code = answer.body.get("errcode") if isinstance(answer.body, dict) else None
    assert (answer.status, code) == (status, errcode), answer
