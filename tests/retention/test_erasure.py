"""`tim erase` on a real homeserver: what is planned, what is left in the whole database, and what others still have."""

from urllib.parse import quote

import aiohttp
import pytest

from tests.retention.conftest import RetentionServer
from tests.retention.test_janitor import places
from tests.retention.waiting import until
from tests.synapse.matrix import invite, new_room, say, sees
from tim_synapse.contact_table import _SCHEMA

ERASURE = "/_synapse/client/tim/v1/erasure"
STAYS = {
    *("users", "erased_users"),
    # The conversation of the others.
    *("events", "event_json", "state_events", "current_state_events", "room_memberships", "local_current_membership"),
    *("rooms", "current_state_delta_stream", "sliding_sync_membership_snapshots", "state_groups_state", "event_search"),
    *("event_search_content", "event_auth_chain_to_calculate", "state_groups", "federation_inbound_events_staging"),
    # Streams and tasks that end by themselves.
    *("device_lists_stream", "device_lists_changes_in_room", "push_rules_stream", "deleted_pushers"),
    *(
        "scheduled_tasks",
        "cache_invalidation_stream_by_instance",
        "event_txn_id_device_id",
        "user_directory_search_segments",
    ),
    *("event_search_segments", "user_directory_search_segdir", "event_search_segdir"),
    # The other's choice to share a room.
    *("users_who_share_private_rooms", "user_signature_stream"),
}


async def test_erasing_leaves_only_what_the_certificate_says(enforcing: RetentionServer) -> None:
    leaver, stays = await enforcing.user(), await enforcing.user()
    room_id = await new_room(leaver)
    assert (await invite(leaver, room_id, stays.user_id)).status == 200
    assert (await stays.request("POST", f"/_matrix/client/v3/join/{quote(room_id)}", {})).status == 200
    event_id = await say(stays, room_id, "hallo")
    path = f"/_matrix/client/v3/rooms/{quote(room_id)}/receipt/m.read/{quote(event_id)}"
    assert (await leaver.request("POST", path, {})).status == 200
    user = quote(leaver.user_id)
    assert (await leaver.request("POST", f"/_matrix/client/v3/user/{user}/openid/request_token", {})).status == 200
    assert (await leaver.request("POST", f"/_matrix/client/v3/user/{user}/filter", {})).status == 200
    tag = f"/_matrix/client/v3/user/{user}/rooms/{quote(room_id)}/tags/m.favourite"
    assert (await leaver.request("PUT", tag, {})).status == 200
    async with aiohttp.ClientSession() as http:
        headers = {"Authorization": f"Bearer {leaver.access_token}", "Content-Type": "text/plain"}
        upload = f"{enforcing.client.client_url}/_matrix/media/v3/upload?filename=befund.txt"
        async with http.post(upload, data=b"x", headers=headers) as answer:
            assert answer.status == 200
    for statement in _SCHEMA:
        enforcing.query(statement)
    for owner, contact in ((leaver, stays), (stays, leaver)):
        enforcing.query("INSERT INTO tim_contacts VALUES (?, ?, 'Name', 1, NULL)", (owner.user_id, contact.user_id))
    code, plan, _ = await enforcing.tim("erase", leaver.user_id)
    assert (code, "Nothing was changed" in plan, "open_id_tokens" in plan) == (0, True, True)
    assert (await leaver.request("GET", "/_matrix/client/v3/account/whoami")).status == 200

    code, certificate, err = await enforcing.tim("erase", leaver.user_id, "--yes")
    assert (code, err) == (0, "")
    assert "Löschbestätigung" in certificate
    assert "Gelöschte Dateien: 1" in certificate
    assert not [path for path in (enforcing.spec.directory / "media").rglob("*") if path.is_file()]

    async def has_left() -> bool:
        found = enforcing.query(
            "SELECT membership FROM local_current_membership WHERE user_id = ? AND room_id = ?",
            (leaver.user_id, room_id),
        )
        return found in ([("leave",)], [])

    await until(has_left)

    # Synapse itself needs a moment: it leaves the rooms one by one, and the user directory follows.
    async def is_clean() -> bool:
        return {place.partition(".")[0] for place in places(enforcing, leaver.user_id)} <= STAYS

    await until(is_clean)
    assert enforcing.query("SELECT * FROM tim_contacts WHERE owner = ? OR contact = ?", (leaver.user_id,) * 2) == []
    told = certificate.partition("Noch vorhanden")[2]
    assert {
        table for table in ("users", "events", "room_memberships", "erased_users") if f"  {table}: " not in told
    } == set()
    assert places(enforcing, "befund.txt") == set()
    assert (await leaver.request("GET", "/_matrix/client/v3/account/whoami")).status == 401
    await sees(stays, room_id, await say(stays, room_id, "noch da"))


@pytest.mark.parametrize(
    ("user_id", "message"),
    [
        ("@nobody:allein.tim.test", "tim: USER: This homeserver has no such user"),
        ("nobody", "tim: USER: expected a user id, e.g. @anna:praxis.example.de"),
    ],
)
async def test_whoever_is_not_there_cannot_be_erased(enforcing: RetentionServer, user_id: str, message: str) -> None:
    assert await enforcing.tim("erase", user_id, "--yes") == (2, "", message + "\n")


async def test_whoever_is_in_a_held_room_is_not_erased(enforcing: RetentionServer) -> None:
    person = await enforcing.user()
    room_id = await new_room(person)
    assert (await enforcing.tim("hold", "add", room_id, "--reference", "Az. 9"))[0] == 0
    code, out, err = await enforcing.tim("erase", person.user_id, "--yes")
    assert (code, out, "is in 1 rooms under legal hold" in err) == (2, "", True)
    assert (await person.request("GET", "/_matrix/client/v3/account/whoami")).status == 200
    assert (await enforcing.tim("hold", "release", room_id))[0] == 0


async def test_only_admins_erase_and_only_closed_accounts(enforcing: RetentionServer) -> None:
    person = await enforcing.user()
    path = f"{ERASURE}/{quote(person.user_id)}"
    assert (await person.request("GET", path)).status == 403
    assert (await person.request("POST", path)).status == 403
    assert (await enforcing.client.request("POST", path)).status == 401
    answer = await enforcing.admin.request("POST", path)
    assert answer.status == 409
    assert (await person.request("GET", "/_matrix/client/v3/account/whoami")).status == 200
