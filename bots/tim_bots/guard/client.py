"""nio's client with the guarded crypto machine and a sync that leaves the position to its caller."""

import dataclasses
import enum
import json
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from weakref import WeakKeyDictionary

from nio import (
    AsyncClient,
    AsyncClientConfig,
    ErrorResponse,
    Event,
    KeysClaimResponse,
    KeysQueryResponse,
    MegolmEvent,
    ShareGroupSessionResponse,
    SyncResponse,
)
from nio.exceptions import LocalProtocolError
from sqlalchemy import Engine

from tim_bots.crypto_metrics import REFUSED
from tim_bots.guard import power
from tim_bots.guard.olm import GuardedOlm
from tim_bots.guard.store import CryptoStore
from tim_bots.matrix_http import KeysRolledBack, ok
from tim_policy.errors import TimError

logger = logging.getLogger(__name__)


LONGEST_ANSWER = 32 * 2**20
"""Bytes. A full sync of 500 rooms with 50 members each has about a third of it."""

_CHUNK = 2**16


class AnswerTooLarge(TimError):
    """The homeserver sends more than the bot takes at once."""

    def __init__(self) -> None:
        super().__init__(f"the homeserver sent an answer of more than {LONGEST_ANSWER // 2**20} MiB")


class Unreadable(enum.Enum):
    """Why an encrypted event will stay unreadable."""

    WITHHELD = enum.auto()
    """The sender's client does not want to give the bot the key."""
    NOT_TRUSTED = enum.auto()
    """The device that sent it is refused (`trust: refuse`)."""


class GuardedClient(AsyncClient):  # type: ignore[misc]  # nio has no types
    """A client for one device.

    `sync(since=...)` applies one answer: keys first, then rooms, then decryption; events in the response are
    replaced by decrypted ones. The caller stores the position after it has stored the events (N4).

    Args:
        homeserver: base URL, without a slash at the end.
        user_id: full Matrix user id.
        keys: database of the crypto store.
        pickle_key: encrypts the keys in it.
    """

    olm: GuardedOlm
    store: CryptoStore
    encrypted_rooms: set[str]

    def __init__(self, homeserver: str, user_id: str, keys: Engine, pickle_key: str) -> None:
        # the callers' loops wait and try again, nio would do so for ever and in silence
        super().__init__(homeserver, user_id, config=AsyncClientConfig(max_timeouts=0, max_limit_exceeded=0))
        self.on_decrypted: Callable[[str, Any], None] = lambda _room_id, _event: None
        """Called with the room id and each event of a sync, decrypted where that was possible."""
        self._keys = keys
        self._pickle_key = pickle_key
        self._parsed: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()

    def load_store(self) -> None:
        """Use the own store and machine; nio calls this after a login."""
        if self.store is None:
            self.store = CryptoStore(self.user_id, self.device_id, self._keys, self._pickle_key)
            self.olm = GuardedOlm(self.user_id, self.device_id, self.store)
            self.encrypted_rooms = self.store.load_encrypted_rooms()

    async def send(self, *args: Any, **kwargs: Any) -> Any:
        """Whatever leaves the process, the keys that it depends on are on the disk before."""
        if self.store is not None:
            await self.store.flush()
        return await super().send(*args, **kwargs)

    async def close(self) -> None:
        """End the connections and the store."""
        await super().close()
        if self.store is not None:
            self.store.close()

    async def parse_body(self, transport_response: Any) -> Any:
        """The JSON of an answer, {} when it is none.

        nio would read an answer of any size, and raise for text in no encoding or nested too deep.

        Raises:
            AnswerTooLarge: it is longer than `LONGEST_ANSWER`.
        """
        if transport_response not in self._parsed:
            self._parsed[transport_response] = await _read_json(transport_response)
        return self._parsed[transport_response]

    async def create_matrix_response(
        self, response_class: type, transport_response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """What nio's parser drops, or refuses whole for one malformed part.

        N3: `device_unused_fallback_key_types` of a sync. N2, N6: device lists and one-time keys of others;
        their cross-signing keys.
        """
        if transport_response.status == 200:  # noqa: PLR2004 - HTTP
            if response_class is KeysQueryResponse:
                body = await self._body(transport_response)
                response = KeysQueryResponse(two_levels(body.get("device_keys")), {})
                response.body = body
                response.transport_response = transport_response
                return response
            if response_class is KeysClaimResponse:
                body = await self._body(transport_response)
                response = KeysClaimResponse(two_levels(body.get("one_time_keys")), {})
                response.transport_response = transport_response
                return response
        response = await super().create_matrix_response(response_class, transport_response, *args, **kwargs)
        if isinstance(response, SyncResponse):
            body = await self._body(transport_response)
            unused = body.get("device_unused_fallback_key_types")
            self.olm.fallback_key_wanted = isinstance(unused, list) and "signed_curve25519" not in unused
        return response

    async def _body(self, transport_response: Any) -> dict[str, Any]:
        body = await self.parse_body(transport_response)
        return body if isinstance(body, dict) else {}

    async def _handle_sync(self, response: SyncResponse) -> None:
        """N4: does not touch the position. N9: device lists are current before any event is acted on."""
        for event in response.to_device_events:
            self.olm.handle_to_device_event(event)
        encrypted_rooms = set(self._apply_rooms(response))
        self.encrypted_rooms.update(encrypted_rooms)
        self.store.save_encrypted_rooms(encrypted_rooms)
        self._take_device_lists(response)
        await self.query_keys()
        for room_id, info in response.rooms.join.items():
            info.timeline.events = [self.readable(event, room_id) for event in info.timeline.events]
        await self.store.flush()
        for room_id, info in response.rooms.join.items():
            for event in info.timeline.events:
                self.on_decrypted(room_id, event)

    def _apply_rooms(self, response: SyncResponse) -> Iterator[str]:
        for room_id in response.rooms.leave:  # N12: nio keeps rooms it was removed from
            self.rooms.pop(room_id, None)
            self.olm.outbound_group_sessions.pop(room_id, None)
        for room_id, info in response.rooms.join.items():
            found: set[str] = set()
            state = info.state + [event for event in info.timeline.events if "state_key" in event.source]
            try:
                self._handle_joined_state(room_id, dataclasses.replace(info, state=state), found)
                self._apply_state(room_id, state)
            except Exception as error:  # noqa: BLE001 - strangers choose what fails here
                REFUSED.labels("state").inc()
                logger.warning("room state refused component=sync error=%s", type(error).__name__)
            room = self.rooms.get(room_id)
            if room is not None and room.encrypted:
                self.olm.update_tracked_users(room)
            yield from found

    def _apply_state(self, room_id: str, state: list[Any]) -> None:
        """N14 and the rotation of keys, which nio both ignores."""
        for event in state:
            power.apply_state(self.rooms[room_id], event)
            if event.source.get("type") == "m.room.encryption" and event.source.get("state_key") == "":
                self.olm.set_rotation(room_id, event.source["content"])

    def _take_device_lists(self, response: SyncResponse) -> None:
        count = response.device_key_count.signed_curve25519
        if count is not None:  # N3: nio takes 0 for "unknown"
            self.olm.uploaded_key_count = count
        members = {user for room in self.rooms.values() if room.encrypted for user in room.users}
        changed = {*response.device_list.changed, *response.device_list.left}
        self.olm.add_changed_users(changed & members)

    async def query_keys(self) -> None:
        """Fetch the device lists that may have changed.

        Raises:
            RequestFailed, TokenRevoked: the homeserver cannot answer now.
        """
        wanted = set(self.users_for_key_query)
        if wanted:
            ok(await self.keys_query())
            self.olm.users_for_key_query.difference_update(wanted)

    def readable(self, event: Any, room_id: str) -> Any:
        """The event decrypted, or itself when it is not encrypted or its keys are missing."""
        encrypted = event if isinstance(event, MegolmEvent) else self._with_sender_key(event, room_id)
        if encrypted is None:
            return event
        encrypted.room_id = room_id
        return self.olm._decrypt_megolm_no_error(encrypted) or event  # noqa: SLF001 - hooked in olm.py

    def _with_sender_key(self, event: Any, room_id: str) -> MegolmEvent | None:
        """A Megolm event without the `sender_key` and `device_id` that are deprecated, and that nio demands."""
        content, sender = event.source.get("content"), event.source.get("sender")
        session_id = content.get("session_id") if isinstance(content, Mapping) else None
        if event.source.get("type") != "m.room.encrypted" or not isinstance(session_id, str):
            return None
        if not isinstance(sender, str) or "sender_key" in content:
            return None
        makers = self.store.makers_of(room_id, session_id)
        device = next((d for d in self.olm.device_store.active_user_devices(sender) if d.curve25519 in makers), None)
        if device is None:
            return None
        more = {"sender_key": device.curve25519, "device_id": device.id}
        complete = Event.parse_event(event.source | {"content": {**content, **more}})
        return complete if isinstance(complete, MegolmEvent) else None

    def why_unreadable(self, room_id: str, source: Mapping[str, Any]) -> Unreadable | None:
        """What is known about an encrypted event that cannot be read (N13); None: its key may still come."""
        content, sender = source.get("content"), source.get("sender")
        session_id = content.get("session_id") if isinstance(content, Mapping) else None
        if not isinstance(sender, str) or not isinstance(session_id, str) or not isinstance(content, Mapping):
            return None
        if self.olm.withheld.is_deliberate(room_id, session_id, sender):
            return Unreadable.WITHHELD
        sender_key = content.get("sender_key")
        if not isinstance(sender_key, str):
            return None
        session = self.olm.inbound_group_store.get(room_id, sender_key, session_id)
        if session is not None and self.olm.is_of_refused_device(sender, session, sender_key):
            return Unreadable.NOT_TRUSTED
        return None

    async def share_group_session(
        self, room_id: str, ignore_unverified_devices: bool = False
    ) -> ShareGroupSessionResponse:
        """N6: a failed key share must not lock the room, nor pass for a successful one.

        Raises:
            LocalProtocolError: the keys did not reach every device that could be reached.
        """
        if room_id in self.sharing_session:
            raise LocalProtocolError("already sharing")
        try:
            response = await super().share_group_session(room_id, ignore_unverified_devices)
        finally:
            pending = self.sharing_session.pop(room_id, None)
            if pending is not None:
                pending.set()
        session = self.olm.outbound_group_sessions[room_id]
        session.users_shared_with |= response.users_shared_with
        if not self.olm.reachable(list(self.rooms[room_id].users)) <= session.users_shared_with:
            session.shared = False
            raise LocalProtocolError("the room key did not reach every device")
        return response

    async def upload_keys(self) -> None:
        """Publish this device's keys, and new one-time keys.

        Raises:
            KeysRolledBack: the crypto store is an old one (N11).
            RequestFailed, TokenRevoked: the homeserver refused.
        """
        response = await self.keys_upload()
        if isinstance(response, ErrorResponse) and "already exists" in response.message:
            raise KeysRolledBack
        ok(response)
        self.olm.fallback_key_wanted = False

    async def maintain_keys(self) -> None:
        """Do the uploads and to-device requests that the last sync made necessary.

        Raises:
            RequestFailed, DeviceUnusable: the homeserver refused one.
        """
        if self.should_upload_keys:
            await self.upload_keys()
        if self.should_claim_keys:
            ok(await self.keys_claim(self.get_users_for_key_claiming()))
        for response in await self.send_to_device_messages():
            ok(response)
        await self.store.prune()


async def _read_json(transport_response: Any) -> Any:
    body = bytearray()
    async for chunk in transport_response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LONGEST_ANSWER:
            transport_response.close()
            raise AnswerTooLarge
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    if isinstance(answer, dict) and isinstance(answer.get("errcode"), str) and not isinstance(answer.get("error"), str):
        answer["error"] = ""  # nio takes no notice of an error without text, such as M_UNKNOWN_TOKEN
    return answer


def two_levels(value: Any) -> dict[str, dict[str, Any]]:
    """What of foreign JSON is an object of objects, as device lists are; the rest is dropped."""
    if not isinstance(value, dict):
        return {}
    return {user_id: devices for user_id, devices in value.items() if isinstance(devices, dict)}
