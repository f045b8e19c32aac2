"""nio's stores of sessions and devices in memory, without what makes them slow or unbounded (N16, N17)."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from nio.crypto import DeviceStore, InboundGroupSession, OlmDevice, Session, SessionStore

_SESSIONS_PER_DEVICE = 5
"""A device needs one; more arise when both sides begin at once, or when somebody begins them to fill memory."""
_GROUP_SESSIONS_IN_MEMORY = 1_000


class Devices(DeviceStore):  # type: ignore[misc]  # nio has no types
    """N16: adding a device compared it with all others."""

    def add(self, device: OlmDevice) -> bool:
        """Add what is not there yet.

        Returns:
            Whether it was added.
        """
        devices = self._entries[device.user_id]
        if device.id in devices:
            return False
        devices[device.id] = device
        return True


class OlmSessions(SessionStore):  # type: ignore[misc]  # nio has no types
    """The newest Olm sessions of each device.

    Args:
        forget: called with sender key and session of one that is dropped.
    """

    def __init__(self, forget: Callable[[str, Session], None]) -> None:
        super().__init__()
        self._forget = forget

    def add(self, sender_key: str, session: Session) -> bool:
        """Add a session; the one used least recently goes when there are too many."""
        if not super().add(sender_key, session):
            return False
        sessions = self._entries[sender_key]
        while len(sessions) > _SESSIONS_PER_DEVICE:
            self._forget(sender_key, sessions.pop())
        return True

    def get(self, sender_key: str) -> Session | None:
        """The session used last, which is the one the other side surely still has; None if there is none."""
        return max(self._entries.get(sender_key, ()), key=lambda session: session.use_time, default=None)


class SessionKey(NamedTuple):
    """What names an inbound Megolm session: nobody but the device with `sender_key` can have made it."""

    room_id: str
    sender_key: str
    session_id: str


@dataclass(slots=True)
class Known:
    """One inbound Megolm session in memory.

    Args:
        session: nio's object.
        seen: digest of the event for each message index that was decrypted; a replay has another event.
        used_at_ms: when it was last used, to the day.
    """

    session: InboundGroupSession
    seen: dict[int, bytes] = field(default_factory=dict)
    used_at_ms: int = 0


class GroupSessions:
    """N17: inbound Megolm sessions are read from the database when a message needs them.

    Args:
        load: reads one from the database; None if it is not there.
    """

    def __init__(self, load: Callable[[SessionKey], Known | None]) -> None:
        self._load = load
        self._known: OrderedDict[SessionKey, Known] = OrderedDict()

    def get(self, room_id: str, sender_key: str, session_id: str) -> InboundGroupSession | None:
        """The session, None if it never came."""
        known = self.known(SessionKey(room_id, sender_key, session_id))
        return None if known is None else known.session

    def known(self, key: SessionKey) -> Known | None:
        """The same, with what is known about it."""
        known = self._known.get(key)
        if known is None:
            known = self._load(key)
            if known is None:
                return None
            self._known[key] = known
        self._known.move_to_end(key)
        return known

    def add(self, session: Any) -> bool:
        """Keep a session; of two with the same name the one that reads more messages.

        Returns:
            Whether it is kept.
        """
        key = SessionKey(session.room_id, session.sender_key, session.id)
        known = self.known(key)
        if known is None:
            self._known[key] = Known(session)
        elif session.first_known_index < known.session.first_known_index:
            known.session = session
        else:
            return False
        return True

    def makers_of(self, room_id: str, session_id: str) -> set[str]:
        """The sender keys of sessions of this name, of those in memory."""
        return {key.sender_key for key in self._known if (key.room_id, key.session_id) == (room_id, session_id)}

    def trim(self) -> None:
        """Forget those that were not used lately; to be called when all is on the disk."""
        while len(self._known) > _GROUP_SESSIONS_IN_MEMORY:
            self._known.popitem(last=False)
