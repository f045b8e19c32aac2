"""The four homeservers with people and rooms, so that every kind of traffic has something to carry.

praxis enforces the list, pflege comes and goes, apotheke is listed but lets everybody in, fremd was never listed.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.gate.raw_server import RawServer
from tests.synapse.matrix import new_room
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.running import Sandbox

PRAXIS, PFLEGE, APOTHEKE, FREMD = "praxis.tim.test", "pflege.tim.test", "apotheke.tim.test", "fremd.test"
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360000002000001e221bc33"
    "0000000049454e44ae426082"
)


@dataclass(frozen=True)
class World:
    """Who is there.

    Args:
        doctor, colleague: praxis. `colleague` has published one-time keys, as has `nurse`.
        nurse, second_nurse: pflege.
        pharmacist: apotheke.
        mallory: fremd.
        shared: public room of the doctor with nurses and pharmacist; also open to knocks.
        house: public room of the nurse on pflege, alias `#haus`, in pflege's directory.
        pictures: the nurse's picture that praxis has cached, by kind of request.
    """

    sandbox: Sandbox
    doctor: MatrixUser
    colleague: MatrixUser
    nurse: MatrixUser
    second_nurse: MatrixUser
    pharmacist: MatrixUser
    mallory: MatrixUser
    shared: str
    knockable: str
    house: str
    pictures: dict[str, str]

    async def new_user(self, server_name: str) -> MatrixUser:
        """A fresh account."""
        return await self.sandbox.homeserver(server_name).new_user(f"user-{uuid4().hex[:12]}", "password")

    async def enforced(self, *server_names: str) -> None:
        """Return when every process of these homeservers enforces the newest list; apotheke enforces none."""
        newest = await self.sandbox.vzd.list_version()
        processes = [process for name in server_names for process in self.sandbox.processes_of(name).values()]
        async with asyncio.timeout(30):
            for process in processes:
                while await process.list_version() < newest:
                    await asyncio.sleep(0.05)

    def raw(self, server_name: str) -> RawServer:
        """Speaks as `server_name` to the practice."""
        key = self.sandbox.layout.homeserver(server_name) / "signing.key"
        return RawServer(server_name, key, PRAXIS, self.sandbox.homeserver(PRAXIS).client_url, self.sandbox.http)


async def new_world(sandbox: Sandbox) -> World:
    """Create people and rooms; all of them federate when it returns."""
    people = {
        name: await sandbox.homeserver(server).new_user(f"{name}-{uuid4().hex[:6]}", "password")
        for name, server in (
            ("doctor", PRAXIS),
            ("colleague", PRAXIS),
            ("nurse", PFLEGE),
            ("second_nurse", PFLEGE),
            ("pharmacist", APOTHEKE),
            ("mallory", FREMD),
        )
    }
    for user in people.values():
        await publish_keys(user)
    doctor, nurse = people["doctor"], people["nurse"]
    public: dict[str, Any] = {"preset": "public_chat", "visibility": "public", "room_version": "10"}
    everybody_invites = {"power_level_content_override": {"invite": 0}}
    shared = await new_room(doctor, **public, **everybody_invites, room_alias_name="offen")
    knock = {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "knock"}}
    knockable = await new_room(doctor, room_version="10", initial_state=[knock])
    house = await new_room(nurse, **public, room_alias_name="haus")
    for member in (nurse, people["second_nurse"], people["pharmacist"]):
        assert (await join(member, "#offen:" + PRAXIS)).status == 200
    return World(sandbox, shared=shared, knockable=knockable, house=house, pictures={}, **people)


async def join(user: MatrixUser, room: str, via: str = "") -> Answer:
    """Join by alias, or by room id through `via`."""
    query = f"?server_name={via}&via={via}" if via else ""
    return await user.request("POST", f"/_matrix/client/v3/join/{quote(room)}{query}", {})


async def publish_keys(user: MatrixUser) -> str:
    """Publish (made up) device keys and a one-time key; the device id."""
    who = (await user.request("GET", "/_matrix/client/v3/account/whoami")).body
    device_id = str(who["device_id"])
    keys = {f"{kind}:{device_id}": "A" * 43 for kind in ("curve25519", "ed25519")}
    body = {
        "device_keys": {
            "user_id": user.user_id,
            "device_id": device_id,
            "algorithms": ["m.olm.v1.curve25519-aes-sha2"],
            "keys": keys,
            "signatures": {user.user_id: {f"ed25519:{device_id}": "A" * 86}},
        },
        "one_time_keys": {
            f"signed_curve25519:{number:04}": {"key": "A" * 43, "signatures": {}} for number in range(20)
        },
    }
    answer = await user.request("POST", "/_matrix/client/v3/keys/upload", body)
    assert answer.status == 200, answer
    return device_id


async def upload(user: MatrixUser) -> str:
    """Upload a small picture; server and media id, as in `mxc://`."""
    url = f"{user.homeserver.client_url}/_matrix/media/v3/upload"
    headers = {"Authorization": f"Bearer {user.access_token}", "Content-Type": "image/png"}
    async with user.homeserver._http.post(url, data=PNG, headers=headers) as answer:
        assert answer.status == 200, await answer.text()
        return str((await answer.json())["content_uri"]).removeprefix("mxc://")


Sign = Callable[[Any], bool]
"""Whether an answer of /sync shows something."""


def says(text: str) -> Sign:
    """`text` stands anywhere in it."""
    return lambda body: text in str(body)


def devices_changed(user_id: str) -> Sign:
    """It says that the user's devices changed."""
    return lambda body: user_id in body.get("device_lists", {}).get("changed", ())


def types(user_id: str) -> Sign:
    """It shows that the user is typing in some room."""

    def shows(body: Any) -> bool:
        rooms = body.get("rooms", {}).get("join", {}).values()
        edus = [edu for room in rooms for edu in room.get("ephemeral", {}).get("events", ())]
        return any(user_id in edu["content"]["user_ids"] for edu in edus if edu["type"] == "m.typing")

    return shows


class Watcher:
    """Follows one account's /sync from now on."""

    def __init__(self, user: MatrixUser) -> None:
        self.user = user
        self.seen: list[Any] = []
        self._since = ""

    async def poll(self, timeout_ms: int = 0) -> None:
        """Ask once and remember the answer."""
        since = f"&since={quote(self._since)}" if self._since else ""
        answer = await self.user.request("GET", f"/_matrix/client/v3/sync?timeout={timeout_ms}{since}")
        assert answer.status == 200, answer
        self._since = answer.body["next_batch"]
        self.seen.append(answer.body)

    def has(self, sign: Sign) -> bool:
        """Whether anything that came shows it."""
        return any(sign(body) for body in self.seen)

    async def wait(self, sign: Sign, seconds: float = 10.0) -> bool:
        """Wait until it shows; False when it does not in time."""
        try:
            async with asyncio.timeout(seconds):
                while not self.has(sign):
                    await self.poll(1000)
        except TimeoutError:
            return False
        return True


async def watching(user: MatrixUser) -> Watcher:
    """A watcher that knows nothing of the past."""
    watcher = Watcher(user)
    await watcher.poll()
    watcher.seen.clear()
    return watcher
