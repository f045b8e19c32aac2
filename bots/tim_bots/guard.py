"""matrix-nio 0.26 made fit for strangers: every hook into its private methods stands in this file.

What is wrong with nio 0.26 as it is, and closed here; `tests/bots/test_guard.py` attacks each:

- N1  A malformed to-device message of any stranger ends the sync, and what came with it is lost.
- N2  A garbage device key of a room's member ends the sync, again after every restart.
- N3  One-time keys that ran out are never replaced, and there is no fallback key.
- N4  The sync position is stored before the events are handled.
- N5  A session of one person passes for the message of another.
- N6  A key share that fails locks the room for ever, or passes for a success.
- N9  Device lists are fetched after the answer was sent.
- N12 Rooms that the account was removed from are kept.

nio is pinned to 0.26, and `require_supported_nio` refuses to run with a release that lacks one of the methods
hooked here. Not closed: N7, a person whose device id equals the bot's gets no keys; device ids are random.
"""

import dataclasses
import importlib.metadata
import logging
from collections.abc import Iterator
from typing import Any

from nio import (
    AsyncClient,
    EncryptionError,
    KeysClaimResponse,
    KeysQueryError,
    KeysQueryResponse,
    MegolmEvent,
    ShareGroupSessionResponse,
    SyncResponse,
)
from nio.crypto.olm_machine import Olm
from nio.exceptions import LocalProtocolError
from nio.store import SqliteStore
from peewee import SqliteDatabase  # type: ignore[import-untyped]  # has no types

from tim_bots.matrix_http import ok
from tim_policy.errors import TimError

logger = logging.getLogger(__name__)

_SUPPORTED = "0.26."
_HOOKED: dict[type, tuple[str, ...]] = {
    Olm: (
        "verify_json",
        "share_keys",
        "should_upload_keys",
        "handle_response",
        "handle_to_device_event",
        "decrypt_megolm_event",
        "_decrypt_megolm_no_error",
        "_handle_key_claiming",
        "_handle_key_query",
        "sign_json",
        "save_account",
    ),
    AsyncClient: (
        "load_store",
        "create_matrix_response",
        "parse_body",
        "share_group_session",
        "_handle_sync",
        "_handle_joined_state",
        "_handle_expired_verifications",
        "_invalidate_session_for_member_event",
        "_collect_key_requests",
    ),
    SqliteStore: ("_create_database",),
}


class UnsupportedNio(TimError):
    """The installed matrix-nio is not the one this file was written for."""


def require_supported_nio() -> None:
    """Refuse to run on a matrix-nio whose private methods may have moved.

    Raises:
        UnsupportedNio: other version, or a hooked method is gone.
    """
    version = importlib.metadata.version("matrix-nio")
    gone = [
        f"{owner.__name__}.{name}" for owner, names in _HOOKED.items() for name in names if not hasattr(owner, name)
    ]
    if not version.startswith(_SUPPORTED) or gone:
        raise UnsupportedNio(
            f"matrix-nio {version} is installed, {_SUPPORTED}* is supported"
            + (f"; it lacks {', '.join(gone)}" if gone else "")
            + "; install the pinned version: pip install 'tim-suite[bots]'"
        )


class WalStore(SqliteStore):  # type: ignore[misc]  # nio has no types
    """nio's store without an fsync of three files per statement."""

    def _create_database(self) -> Any:
        pragmas = {"foreign_keys": 1, "secure_delete": 1, "journal_mode": "wal", "synchronous": 2}
        return SqliteDatabase(self.database_path, pragmas=pragmas)


class GuardedOlm(Olm):  # type: ignore[misc]  # nio has no types
    """The crypto machine, hardened against keys and messages made to break it."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.fallback_key_wanted = False

    def verify_json(self, json: Any, user_key: Any, user_id: str, device_id: str) -> bool:
        """N2: a key that cannot be parsed has no valid signature; it must not stop the sync."""
        try:
            return bool(super().verify_json(json, user_key, user_id, device_id))
        except Exception as error:  # noqa: BLE001 - strangers choose what fails here
            logger.warning("key refused component=crypto error=%s", type(error).__name__)
            return False

    def handle_to_device_event(self, event: Any) -> Any:
        """N1: anybody can send a malformed to-device message; it costs that message, not the sync."""
        try:
            return super().handle_to_device_event(event)
        except Exception as error:  # noqa: BLE001 - strangers choose what fails here
            logger.warning("to-device message refused component=crypto error=%s", type(error).__name__)
            return None

    def decrypt_megolm_event(self, event: MegolmEvent, room_id: str | None = None) -> Any:
        """N5: the session must belong to a device of the event's sender, whatever the homeserver says.

        Raises:
            EncryptionError: no such session, or it is somebody else's.
        """
        session = self.inbound_group_store.get(room_id or event.room_id, event.sender_key, event.session_id)
        if session is not None and not self._is_owned_by(event.sender, session, event.sender_key):
            self.users_for_key_query.add(event.sender)
            raise EncryptionError("the sender does not own the session")
        return super().decrypt_megolm_event(event, room_id)

    def _is_owned_by(self, sender: str, session: Any, sender_key: str) -> bool:
        own = self.account.identity_keys
        if sender == self.user_id and (sender_key, session.ed25519) == (own["curve25519"], own["ed25519"]):
            return True
        return any(
            (device.curve25519, device.ed25519) == (sender_key, session.ed25519)
            for device in self.device_store.active_user_devices(sender)
        )

    def _decrypt_megolm_no_error(self, event: MegolmEvent, room_id: str | None = None) -> Any:
        """N1 for room events: content that nio cannot take apart is an undecryptable event."""
        try:
            return self.decrypt_megolm_event(event, room_id)
        except EncryptionError:
            return None
        except Exception as error:  # noqa: BLE001 - strangers choose what fails here
            logger.warning("event refused component=crypto error=%s", type(error).__name__)
            return None

    def _handle_key_claiming(self, response: KeysClaimResponse) -> None:
        """N6: one member's bad one-time key costs that device its key, not the room its answer."""
        for user_id, devices in response.one_time_keys.items():
            for device_id, key in devices.items():
                single = dataclasses.replace(response, one_time_keys={user_id: {device_id: key}})
                try:
                    super()._handle_key_claiming(single)
                except Exception as error:  # noqa: BLE001 - strangers choose what fails here
                    logger.warning("one-time key refused component=crypto error=%s", type(error).__name__)

    def _handle_key_query(self, response: KeysQueryResponse) -> None:
        """N2: one user's malformed device list costs that user, not everybody in the same answer."""
        changed: dict[str, Any] = {}
        for user_id, devices in response.device_keys.items():
            single = dataclasses.replace(response, device_keys={user_id: devices})
            try:
                super()._handle_key_query(single)
            except Exception as error:  # noqa: BLE001 - strangers choose what fails here
                logger.warning("device list refused component=crypto error=%s", type(error).__name__)
            changed |= single.changed
        response.changed = changed

    @property
    def should_upload_keys(self) -> bool:
        """N3: also when the homeserver has no unused fallback key."""
        return self.fallback_key_wanted or bool(super().should_upload_keys)

    def share_keys(self) -> dict[str, Any]:
        """N3: adds a fallback key. Saves the private halves before the public ones leave the process."""
        needs_one_time_keys = bool(super().should_upload_keys)
        needs_fallback_key = self.fallback_key_wanted or not self.account.shared
        content: dict[str, Any] = super().share_keys() if needs_one_time_keys else {}
        if needs_fallback_key:
            # nio's account wraps vodozemac's, which has the two methods nio does not offer
            account = self.account._account  # noqa: SLF001 - see above
            if not account.fallback_key:
                account.generate_fallback_key()
            content["fallback_keys"] = {
                f"signed_curve25519:{key_id}": self._signed_fallback_key(key.to_base64())
                for key_id, key in account.fallback_key.items()
            }
        self.save_account()
        return content

    def _signed_fallback_key(self, key: str) -> dict[str, Any]:
        plain = {"key": key, "fallback": True}
        signature = self.sign_json(dict(plain))
        return plain | {"signatures": {self.user_id: {f"ed25519:{self.device_id}": signature}}}


class GuardedClient(AsyncClient):  # type: ignore[misc]  # nio has no types
    """nio's client with the guarded crypto machine and a sync that leaves the position to its caller.

    `sync(since=...)` applies one answer: keys first, then rooms, then decryption; events in the response are
    replaced by decrypted ones. The caller stores the position after it has stored the events (N4).
    """

    olm: GuardedOlm

    def load_store(self) -> None:
        """Swap the guarded crypto machine in."""
        if self.store is None:
            super().load_store()
            self.olm = GuardedOlm(self.user_id, self.device_id, self.store)

    async def create_matrix_response(
        self, response_class: type, transport_response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        """N3: nio's parser drops `device_unused_fallback_key_types` of a sync."""
        response = await super().create_matrix_response(response_class, transport_response, *args, **kwargs)
        if isinstance(response, SyncResponse):
            body = await self.parse_body(transport_response)
            unused = body.get("device_unused_fallback_key_types")
            self.olm.fallback_key_wanted = isinstance(unused, list) and "signed_curve25519" not in unused
        return response

    async def _handle_sync(self, response: SyncResponse) -> None:
        """N4: does not touch the position. N9: device lists are current before any event is acted on."""
        self._take_to_device(response)
        encrypted_rooms = set(self._apply_rooms(response))
        self.encrypted_rooms.update(encrypted_rooms)
        self.store.save_encrypted_rooms(encrypted_rooms)
        self._take_device_lists(response)
        await self.query_keys()
        for room_id, info in response.rooms.join.items():
            info.timeline.events = [self.readable(event, room_id) for event in info.timeline.events]
        await self._handle_expired_verifications()
        await self._collect_key_requests()

    def _take_to_device(self, response: SyncResponse) -> None:
        """One transaction, so that a crash cannot keep a used-up Olm message and lose the key it brought."""
        with self.store.database.atomic():
            for event in response.to_device_events:
                self.olm.handle_to_device_event(event)

    def _apply_rooms(self, response: SyncResponse) -> Iterator[str]:
        for room_id in response.rooms.leave:  # N12: nio keeps rooms it was removed from
            self.rooms.pop(room_id, None)
            self.olm.outbound_group_sessions.pop(room_id, None)
        for room_id, info in response.rooms.join.items():
            found: set[str] = set()
            state = [event for event in info.timeline.events if "state_key" in event.source]
            timeline_state = dataclasses.replace(info, state=info.state + state)
            try:
                self._handle_joined_state(room_id, timeline_state, found)
            except Exception as error:  # noqa: BLE001 - strangers choose what fails here
                logger.warning("room state refused component=sync error=%s", type(error).__name__)
            if self.rooms[room_id].encrypted:
                self.olm.update_tracked_users(self.rooms[room_id])
            yield from found

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
        if not wanted:
            return
        response = await self.keys_query()
        if isinstance(response, KeysQueryError) and response.transport_response.ok:
            # N2: the answer holds something malformed; find out whose it is and do without it
            for user_id in wanted:
                self.olm.users_for_key_query.clear()
                self.olm.users_for_key_query.add(user_id)
                await self.keys_query()
        else:
            ok(response)
        self.olm.users_for_key_query.difference_update(wanted)

    def readable(self, event: Any, room_id: str) -> Any:
        """The event decrypted, or itself when it is not encrypted or its keys are missing."""
        if not isinstance(event, MegolmEvent):
            return event
        event.room_id = room_id
        return self.olm._decrypt_megolm_no_error(event) or event  # noqa: SLF001 - hooked above

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
        if not self._reachable_devices(room_id) <= session.users_shared_with | session.users_ignored:
            session.shared = False
            raise LocalProtocolError("the room key did not reach every device")
        return response

    def _reachable_devices(self, room_id: str) -> set[tuple[str, str]]:
        return {
            (user_id, device.id)
            for user_id in self.rooms[room_id].users
            for device in self.device_store.active_user_devices(user_id)
            if device.id != self.device_id
            and self.olm.session_store.get(device.curve25519)
            and not self.olm.is_device_blacklisted(device)
        }

    async def maintain_keys(self) -> None:
        """Do the uploads and to-device requests that the last sync made necessary.

        Raises:
            RequestFailed, TokenRevoked: the homeserver refused one.
        """
        if self.should_upload_keys:
            ok(await self.keys_upload())
            self.olm.fallback_key_wanted = False
        if self.should_claim_keys:
            ok(await self.keys_claim(self.get_users_for_key_claiming()))
        for response in await self.send_to_device_messages():
            ok(response)
