"""The crypto machine, hardened against keys and messages made to break it. See the package for the list."""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import vodozemac
from nio import EncryptionError, KeysClaimResponse, MegolmEvent
from nio.crypto import InboundGroupSession, OlmDevice
from nio.crypto.olm_machine import Olm
from nio.events import OlmEvent

from tim_bots.crypto_metrics import REFUSED, TRUST, WITHHELD
from tim_bots.guard.sessions import SessionKey
from tim_bots.guard.store import CryptoStore
from tim_bots.guard.trust import Standing, Trust
from tim_bots.guard.withheld import Withheld

logger = logging.getLogger(__name__)

_DEVICES_PER_REQUEST = 20
"""A to-device request becomes one federation message per server, which must stay below 64 KiB."""
_LONGEST_ROTATION = timedelta(days=7)
_SHORTEST_ROTATION = timedelta(hours=1)
_MOST_MESSAGES = 100


class GuardedOlm(Olm):  # type: ignore[misc]  # nio has no types
    """nio's machine; each override names the defect that it closes."""

    store: CryptoStore

    def __init__(self, user_id: str, device_id: str, store: CryptoStore) -> None:
        super().__init__(user_id, device_id, store)
        store.flush_now()  # a new account must be on the disk before anything refers to it
        self.fallback_key_wanted = False
        self.withheld = Withheld()
        self.rotation: dict[str, tuple[timedelta, int]] = {}
        self.trust = Trust(
            user_id,
            store.load_peers(),
            store.signed_devices,
            store.save_peer,
            lambda standing: TRUST.labels(standing).inc(),
        )

    # What strangers send

    def verify_json(self, json: Any, user_key: Any, user_id: str, device_id: str) -> bool:
        """N2: a key that cannot be parsed has no valid signature; it must not stop the sync."""
        try:
            return bool(super().verify_json(json, user_key, user_id, device_id))
        except Exception as error:  # noqa: BLE001 - strangers choose what fails here
            self._refuse("device_key", error)
            return False

    def handle_to_device_event(self, event: Any) -> Any:
        """N1: anybody can send a malformed to-device message; it costs that message, not the sync. N13.

        Requests for keys and nio's obsolete verification are left alone: the bot shares with nobody on request.
        """
        try:
            code = self.withheld.take(event.source)
            if code is not None:
                WITHHELD.labels(code).inc()
                logger.warning("room key withheld component=crypto code=%s", code)
            return self.decrypt_event(event) if isinstance(event, OlmEvent) else None
        except Exception as error:  # noqa: BLE001 - strangers choose what fails here
            self._refuse("to_device", error)
            return None

    def create_group_session(
        self, sender_key: str, sender_fp_key: str, room_id: str, session_id: str, session_key: str
    ) -> None:
        """N1: a bad session key. A second, later one must not take the place of one that reads more."""
        session = InboundGroupSession(session_key, sender_fp_key, sender_key, room_id)
        if session.id != session_id:
            raise vodozemac.SessionCreationException("the session has another id")
        if self.inbound_group_store.add(session):
            self.save_inbound_group_session(session)

    def decrypt_megolm_event(self, event: MegolmEvent, room_id: str | None = None) -> Any:
        """N5: the session must belong to a device of the event's sender, whatever the homeserver says.

        Raises:
            EncryptionError: no such session, or it is somebody else's, or of a device that is not trusted.
        """
        session = self.inbound_group_store.get(room_id or event.room_id, event.sender_key, event.session_id)
        if session is not None and not self._is_owned_by(event.sender, session, event.sender_key):
            self.users_for_key_query.add(event.sender)
            REFUSED.labels("sender").inc()
            raise EncryptionError("the sender does not own the session")
        return super().decrypt_megolm_event(event, room_id)

    def _is_owned_by(self, sender: str, session: Any, sender_key: str) -> bool:
        own = self.account.identity_keys
        if sender == self.user_id and (sender_key, session.ed25519) == (own["curve25519"], own["ed25519"]):
            return True
        return any(
            (device.curve25519, device.ed25519) == (sender_key, session.ed25519)
            and self.trust.allows(sender, device.id)
            for device in self.device_store.active_user_devices(sender)
        )

    def is_of_refused_device(self, sender: str, session: Any, sender_key: str) -> bool:
        """Whether a session is the sender's own, but of a device that `trust` refuses."""
        return any(
            (device.curve25519, device.ed25519) == (sender_key, session.ed25519)
            and not self.trust.allows(sender, device.id)
            for device in self.device_store.active_user_devices(sender)
        )

    def _decrypt_megolm_no_error(self, event: MegolmEvent, room_id: str | None = None) -> Any:
        """N1 for room events: content that nio cannot take apart is an undecryptable event."""
        try:
            return self.decrypt_megolm_event(event, room_id)
        except EncryptionError:
            return None
        except Exception as error:  # noqa: BLE001 - strangers choose what fails here
            self._refuse("event", error)
            return None

    def message_index_ok(self, message_index: int, event: MegolmEvent) -> bool:
        """Replay protection that survives restarts: nio's is a cache in memory."""
        key = SessionKey(event.room_id, event.sender_key, event.session_id)
        is_ok = self.store.is_first_or_same(key, message_index, event.event_id, event.server_timestamp)
        if not is_ok:
            REFUSED.labels("replay").inc()
        return is_ok

    def check_if_wedged(self, event: MegolmEvent) -> None:
        """An event without a session: its device may be new. nio would also ask strangers for their keys."""
        if event.device_id not in self.device_store[event.sender]:
            self.users_for_key_query.add(event.sender)

    # Devices

    def _handle_key_query(self, response: Any) -> None:
        """N2, N16: one user's malformed device list costs that user, not everybody in the same answer."""
        for user_id, devices in response.device_keys.items():
            self.users_for_key_query.discard(user_id)
            self.tracked_users.add(user_id)
            try:
                changed = self._take_devices(user_id, devices, response.body)
            except Exception as error:  # noqa: BLE001 - strangers choose what fails here
                self._refuse("device_list", error)
                continue
            if changed:
                response.changed[user_id] = changed
        self.store.save_device_keys(response.changed)

    def _take_devices(self, user_id: str, payloads: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, OlmDevice]:
        known: dict[str, OlmDevice] = self.device_store[user_id]
        before = {device_id: self.trust.standing(user_id, device_id) for device_id in known}
        self.trust.update(body, user_id)
        changed: dict[str, OlmDevice] = {}
        for device_id, payload in payloads.items():
            if (user_id, device_id) == (self.user_id, self.device_id):
                continue
            try:
                device = self._take_device(user_id, device_id, payload)
            except Exception as error:  # noqa: BLE001 - strangers choose what fails here
                self._refuse("device_key", error)
                continue
            if device is not None:
                changed[device_id] = device
        for device_id, device in known.items():
            if device_id not in payloads and not device.deleted:
                device.deleted = True
                changed[device_id] = device
            elif before.get(device_id) is not self.trust.standing(user_id, device_id):
                changed[device_id] = device
        return changed

    def _take_device(self, user_id: str, device_id: str, payload: Any) -> OlmDevice | None:
        """The device if it is new or changed."""
        if (payload["user_id"], payload["device_id"]) != (user_id, device_id):
            raise ValueError("device of another name")
        ed25519, curve25519 = payload["keys"][f"ed25519:{device_id}"], payload["keys"][f"curve25519:{device_id}"]
        name = (payload.get("unsigned") or {}).get("device_display_name")
        if not isinstance(curve25519, str) or not self.verify_json(dict(payload), ed25519, user_id, device_id):
            return None
        name = name if isinstance(name, str) else ""
        device = self.device_store[user_id].get(device_id)
        if device is None:
            device = OlmDevice(user_id, device_id, {"ed25519": ed25519, "curve25519": curve25519}, name)
            self.device_store.add(device)
            return device
        if device.ed25519 != ed25519:
            raise ValueError("the signing key of a device never changes")
        if (device.curve25519, device.display_name, device.deleted) == (curve25519, name, False):
            return None
        device.curve25519, device.display_name, device.deleted = curve25519, name, False
        return device

    def _recipients(self, users: list[str]) -> Iterator[OlmDevice]:
        """N7: nio leaves out everybody's devices whose id equals its own."""
        for user_id in users:
            for device in self.device_store.active_user_devices(user_id):
                is_self = (user_id, device.id) == (self.user_id, self.device_id)
                if not is_self and self.trust.allows(user_id, device.id):
                    yield device

    def get_missing_sessions(self, users: list[str]) -> dict[str, list[str]]:
        """The devices that keys have to be claimed for (N7)."""
        missing: defaultdict[str, list[str]] = defaultdict(list)
        for device in self._recipients(users):
            if not self.session_store.get(device.curve25519):
                missing[device.user_id].append(device.id)
        return missing

    def _handle_key_claiming(self, response: KeysClaimResponse) -> None:
        """N6: one member's bad one-time key costs that device its key, not the room its answer."""
        for user_id, devices in response.one_time_keys.items():
            for device_id, key in devices.items():
                single = KeysClaimResponse({user_id: {device_id: key}}, {})
                try:
                    super()._handle_key_claiming(single)
                except Exception as error:  # noqa: BLE001 - strangers choose what fails here
                    self._refuse("one_time_key", error)

    def is_device_verified(self, device: OlmDevice) -> bool:
        """What nio writes into an event's `verified`: the device is signed by the identity that is pinned."""
        return self.trust.standing(device.user_id, device.id) is Standing.SIGNED

    # Outbound sessions

    def set_rotation(self, room_id: str, content: Any) -> None:
        """Take the content of a room's `m.room.encryption`; a room may ask for more rotation, not for less."""
        period, messages = content.get("rotation_period_ms"), content.get("rotation_period_msgs")
        longest, most = _LONGEST_ROTATION, _MOST_MESSAGES
        if type(period) is int:
            longest = max(_SHORTEST_ROTATION, min(longest, timedelta(milliseconds=min(period, 2**40))))
        if type(messages) is int:
            most = max(1, min(most, messages))
        self.rotation[room_id] = longest, most
        session = self.outbound_group_sessions.get(room_id)
        if session is not None:
            session.max_age, session.max_messages = longest, most

    def create_outbound_group_session(self, room_id: str) -> None:
        """Nio ignores the room's `rotation_period_ms` and `rotation_period_msgs`."""
        super().create_outbound_group_session(room_id)
        session = self.outbound_group_sessions[room_id]
        session.max_age, session.max_messages = self.rotation.get(room_id, (_LONGEST_ROTATION, _MOST_MESSAGES))

    def share_group_session_parallel(
        self,
        room_id: str,
        users: list[str],
        ignore_unverified_devices: bool = False,
    ) -> Iterator[tuple[set[tuple[str, str]], dict[str, Any]]]:
        """The to-device requests that bring a room's key to its devices (N7, trust).

        Args:
            room_id: the room.
            users: its members.
            ignore_unverified_devices: not used; `trust` decides.

        Yields:
            Who gets the key with a request, and its body.
        """
        del ignore_unverified_devices
        group_session = self.outbound_group_sessions.get(room_id)
        if group_session is None or group_session.shared:
            self.create_outbound_group_session(room_id)
            group_session = self.outbound_group_sessions[room_id]
        content = {
            "algorithm": self._megolm_algorithm,
            "room_id": room_id,
            "session_id": group_session.id,
            "session_key": group_session.session_key,
        }
        waiting = [
            device
            for device in self._recipients(users)
            if (device.user_id, device.id) not in group_session.users_shared_with
            and self.session_store.get(device.curve25519)
        ]
        for start in range(0, len(waiting), _DEVICES_PER_REQUEST):
            devices = waiting[start : start + _DEVICES_PER_REQUEST]
            messages: defaultdict[str, dict[str, Any]] = defaultdict(dict)
            for device in devices:
                session = self.session_store.get(device.curve25519)
                messages[device.user_id][device.id] = self._olm_encrypt(session, device, "m.room_key", content)
                standing = self.trust.standing(device.user_id, device.id)
                if standing is not Standing.SIGNED:
                    TRUST.labels(standing).inc()
            yield {(device.user_id, device.id) for device in devices}, {"messages": messages}

    def reachable(self, users: list[str]) -> set[tuple[str, str]]:
        """The devices of a room's members that a key can be sent to."""
        return {
            (device.user_id, device.id)
            for device in self._recipients(users)
            if self.session_store.get(device.curve25519)
        }

    # Own keys

    @property
    def should_upload_keys(self) -> bool:
        """N3: also when the homeserver has no unused fallback key."""
        return self.fallback_key_wanted or bool(super().should_upload_keys)

    def share_keys(self) -> dict[str, Any]:
        """N3: adds a fallback key. The private halves are noted, and flushed before the request leaves."""
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

    def _refuse(self, kind: str, error: Exception) -> None:
        REFUSED.labels(kind).inc()
        logger.warning("refused component=crypto kind=%s error=%s", kind, type(error).__name__)
