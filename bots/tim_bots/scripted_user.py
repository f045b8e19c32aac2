"""A person with a real end-to-end encrypted, cross-signed client, played by a script: for scenarios and tests."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from nio import MegolmEvent, SyncResponse
from nio.crypto.attachments import decrypt_attachment

from tim_bots.account import new_client
from tim_bots.cross_signing import Seeds, ensure_cross_signed
from tim_bots.guard import GuardedClient
from tim_bots.matrix_http import demand, ok
from tim_policy.errors import TimError

_POLL_MS = 5_000
_PAUSE_SECONDS = 0.5
_MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}


class NotSaid(TimError):
    """What the script waited for did not come."""


@dataclass(frozen=True, slots=True)
class Said:
    """One message as this person's client shows it.

    Args:
        event_id, sender: Matrix identifiers.
        content: of the event; empty when it could not be decrypted.
        is_encrypted: it came encrypted and was decrypted.
        event_type: of the decrypted event.
    """

    event_id: str
    sender: str
    content: dict[str, Any]
    is_encrypted: bool
    event_type: str = "m.room.message"

    @property
    def text(self) -> str:
        """The plain text, or the file name."""
        return str(self.content.get("body", ""))

    @property
    def is_file(self) -> bool:
        """Whether it is an attachment."""
        return self.content.get("msgtype") == "m.file"


class MemorySeeds:
    """Cross-signing seeds of somebody who lives as long as the process (a `SeedStore`)."""

    def __init__(self) -> None:
        self._seeds: Seeds | None = None

    async def load(self) -> Seeds | None:
        """The seeds, or None if none were ever saved."""
        return self._seeds

    async def save(self, seeds: Seeds) -> None:
        """Keep the seeds."""
        self._seeds = seeds


class ScriptedUser:
    """Logs in as a new device, signs it, and keeps syncing in the background.

    Args:
        client: a client that is not logged in yet.
        password: the account's.
        seeds: of the person's identity; None: a new one.
    """

    def __init__(self, client: GuardedClient, password: str, seeds: MemorySeeds | None = None) -> None:
        self.client = client
        self.seeds = seeds or MemorySeeds()
        self._password = password
        self._said: dict[str, list[Said]] = {}
        self._data: dict[str, list[Said]] = {}
        self._unreadable: list[tuple[str, int, Any]] = []  # room, place in its list, encrypted event
        self._changed = asyncio.Condition()
        self._invites: list[str] = []
        self._position: str | None = None

    @classmethod
    @asynccontextmanager
    async def online(
        cls, homeserver: str, user_id: str, password: str, store_dir: Path, seeds: MemorySeeds | None = None
    ) -> AsyncIterator[Self]:
        """The person is there while the block runs.

        Args:
            homeserver: base URL.
            user_id: full Matrix user id.
            password: the account's.
            store_dir: for the device's keys; made if need be, must be used for one device only.
            seeds: the identity of a person who had a device before; None: a new one.

        Raises:
            RequestFailed, IdentityBroken: cannot log in, or cannot sign the device.
        """
        store_dir.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - once, before anything runs
        client = new_client(homeserver, user_id, store_dir, os.urandom(32).hex())
        user = cls(client, password, seeds)
        try:
            await user._log_in()
            syncing = asyncio.create_task(user._sync_forever())
            try:
                yield user
            finally:
                syncing.cancel()
                with suppress(asyncio.CancelledError):
                    await syncing
        finally:
            await client.close()

    @property
    def user_id(self) -> str:
        """Full Matrix user id."""
        return str(self.client.user_id)

    async def create_room(self, *, invite: list[str], is_encrypted: bool = True) -> str:
        """Create a private room, or an unencrypted one, which only a public room of the own homeserver can be.

        Returns:
            Its room id, once this client has it.

        Raises:
            RequestFailed: e.g. an invite is against the rules.
        """
        state = [{"type": "m.room.encryption", "state_key": "", "content": _MEGOLM}] if is_encrypted else []
        preset = "private_chat" if is_encrypted else "public_chat"
        body = {"preset": preset, "invite": invite, "is_direct": True, "initial_state": state}
        room_id = str((await demand(self.client, "POST", "/_matrix/client/v3/createRoom", body))["room_id"])
        await self.until(lambda: room_id in self.client.rooms)
        return room_id

    async def join(self, room_id: str) -> None:
        """Accept an invite.

        Raises:
            RequestFailed: not invited.
        """
        await demand(self.client, "POST", f"/_matrix/client/v3/join/{quote(room_id, safe='')}", {})
        await self.until(lambda: room_id in self.client.rooms)

    async def wait_for_invite(self, seconds: float = 20) -> str:
        """The room of the newest invite, once there is one.

        Raises:
            NotSaid: not in time.
        """
        await self.until(lambda: bool(self._invites), seconds)
        return self._invites[-1]

    async def wait_for_member(self, room_id: str, user_id: str, seconds: float = 20) -> None:
        """Return when this client sees that person as a joined member.

        Raises:
            NotSaid: not in time.
        """
        await self.until(lambda: self._has_joined(room_id, user_id), seconds)

    def _has_joined(self, room_id: str, user_id: str) -> bool:
        room = self.client.rooms.get(room_id)
        return room is not None and user_id in room.users and user_id not in room.invited_users

    async def send(self, room_id: str, text: str) -> str:
        """Send text, encrypted if the room is; returns the event id.

        Raises:
            RequestFailed: the homeserver refused.
        """
        return await self.send_content(room_id, {"msgtype": "m.text", "body": text})

    async def send_content(self, room_id: str, content: dict[str, Any], event_type: str = "m.room.message") -> str:
        """Send any content; returns the event id.

        Raises:
            RequestFailed: the homeserver refused.
        """
        response = ok(
            await self.client.room_send(room_id, event_type, content, tx_id=uuid4().hex, ignore_unverified_devices=True)
        )
        return str(response.event_id)

    def heard(self, room_id: str) -> list[Said]:
        """What others said in the room since this client is there, oldest first."""
        return [said for said in self._said.get(room_id, []) if said.sender != self.user_id]

    async def wait_for(
        self,
        room_id: str,
        is_wanted: Callable[[Said], bool] = lambda _said: True,
        *,
        after: int = 0,
        seconds: float = 20,
    ) -> Said:
        """The first wanted message of others in the room.

        Args:
            room_id: where.
            is_wanted: which.
            after: so many of `heard` are skipped.
            seconds: patience.

        Raises:
            NotSaid: not in time.
        """
        await self.until(lambda: any(map(is_wanted, self.heard(room_id)[after:])), seconds)
        return next(filter(is_wanted, self.heard(room_id)[after:]))

    async def wait_for_data(self, room_id: str, event_type: str, *, after: int = 0, seconds: float = 20) -> Said:
        """The first encrypted event of that type, such as a poll, which is no message; `after` as in `wait_for`.

        Raises:
            NotSaid: not in time.
        """

        def found() -> list[Said]:
            wanted = [one for one in self._data.get(room_id, []) if one.event_type == event_type]
            return [one for one in wanted if one.sender != self.user_id][after:]

        await self.until(lambda: bool(found()), seconds)
        return found()[0]

    async def until(self, is_true: Callable[[], bool], seconds: float = 20) -> None:
        """Wait until a sync makes the condition true.

        Raises:
            NotSaid: not in time.
        """
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(is_true)
        except TimeoutError:
            raise NotSaid(f"nothing of what was expected came within {seconds:.0f} s") from None

    async def read_file(self, said: Said) -> bytes:
        """Download and decrypt an attachment.

        Raises:
            RequestFailed: the homeserver does not have it.
        """
        file = said.content["file"]
        response = ok(await self.client.download(file["url"]))
        plain: bytes = decrypt_attachment(response.body, file["key"]["k"], file["hashes"]["sha256"], file["iv"])
        return plain

    async def type_on_the_wire(self, room_id: str, event_id: str) -> str:
        """The event's type as the homeserver has it: `m.room.encrypted` for an encrypted message.

        Raises:
            RequestFailed: no such event.
        """
        path = f"/_matrix/client/v3/rooms/{quote(room_id, safe='')}/event/{quote(event_id, safe='')}"
        return str((await demand(self.client, "GET", path))["type"])

    async def keys_of(self, user_id: str) -> dict[str, Any]:
        """A `/keys/query` answer, for `verify_device_signed`.

        Raises:
            RequestFailed: the homeserver refused.
        """
        return await demand(self.client, "POST", "/_matrix/client/v3/keys/query", {"device_keys": {user_id: []}})

    async def _log_in(self) -> None:
        ok(await self.client.login(self._password, device_name="script"))
        ok(await self.client.keys_upload())
        await ensure_cross_signed(self.client, self.seeds, self._password)
        await self._sync(timeout_ms=0)

    async def _sync_forever(self) -> None:
        while True:
            try:
                await self._sync(timeout_ms=_POLL_MS)
            except (OSError, TimeoutError, aiohttp.ClientError, TimError):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def _sync(self, timeout_ms: int) -> None:
        response: SyncResponse = ok(await self.client.sync(timeout=timeout_ms, since=self._position))
        self._position = response.next_batch
        async with self._changed:
            self._read_again()
            self._invites += [room_id for room_id in response.rooms.invite if room_id not in self._invites]
            for room_id, info in response.rooms.join.items():
                for event in info.timeline.events:
                    self._take(room_id, event)
            self._changed.notify_all()
        await self.client.maintain_keys()

    def _take(self, room_id: str, event: Any) -> None:
        said = _said(event)
        if said is None:
            self._take_data(room_id, event)
            return
        messages = self._said.setdefault(room_id, [])
        if isinstance(event, MegolmEvent):
            self._unreadable.append((room_id, len(messages), event))
        messages.append(said)

    def _take_data(self, room_id: str, event: Any) -> None:
        if event.decrypted:
            source = event.source
            said = Said(source["event_id"], source["sender"], source["content"], True, source["type"])
            self._data.setdefault(room_id, []).append(said)

    def _read_again(self) -> None:
        """Between two servers a message and its key travel separately; the key may come second."""
        still_unreadable = []
        for room_id, place, event in self._unreadable:
            decrypted = self.client.readable(event, room_id)
            said = _said(decrypted)
            if decrypted is event:
                still_unreadable.append((room_id, place, event))
            elif said is None:
                self._take_data(room_id, decrypted)
            else:
                self._said[room_id][place] = said
        self._unreadable = still_unreadable


def _said(event: Any) -> Said | None:
    source = event.source
    if source.get("type") not in {"m.room.message", "m.room.encrypted"}:
        return None
    is_readable = source["type"] == "m.room.message"
    content = source.get("content", {}) if is_readable else {}
    return Said(source["event_id"], source["sender"], content, is_encrypted=bool(event.decrypted))
