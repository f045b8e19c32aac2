"""Which devices of others get keys and are listened to (client-server API, "Recommended client behaviour", MSC4153).

A person's master key is pinned when it is first seen. It signs the self-signing key, which signs the devices; all
of it is checked from the raw `/keys/query` answer, because nio drops it. What is not so is let through with a
warning, or refused, as the operator decides; the account's own further devices must always be signed by the
identity that this bot holds, or the homeserver could add one and read along.
"""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tim_bots.signatures import only_key, verify_device_signed


class Strictness(enum.StrEnum):
    """`trust` in `bot.yaml`."""

    WARN = "warn"
    """Unsigned devices and changed identities are served and counted."""
    REFUSE = "refuse"
    """They get no keys and are not listened to."""


class Standing(enum.StrEnum):
    """How well a device is known; also the label of the metric."""

    SIGNED = "signed"
    """By the identity that was seen first."""
    UNSIGNED = "unsigned"
    """By no identity: a client that knows no cross-signing, or somebody's addition."""
    CHANGED = "changed"
    """The user's identity is not the one that was seen first."""


@dataclass(frozen=True, slots=True)
class Peer:
    """What is known about somebody's identity.

    Args:
        pinned: the master key that was seen first, or that the operator accepted since.
        seen: the newest one; None when there is none any more.
    """

    pinned: str
    seen: str | None

    @property
    def is_changed(self) -> bool:
        """Whether the person's identity is another one than before."""
        return self.pinned != self.seen


@dataclass(frozen=True, slots=True)
class Published:
    """What a `/keys/query` answer proves about one user.

    Args:
        master_key: None if there is none, or the object is malformed.
        signed_devices: ids of the devices that this master key vouches for.
    """

    master_key: str | None
    signed_devices: frozenset[str]


def read_published(keys_query: Mapping[str, Any], user_id: str) -> Published:
    """Check the signatures of one user's identity; total on any JSON."""
    try:
        master = keys_query["master_keys"][user_id]
        is_master = master["user_id"] == user_id and master["usage"] == ["master"]
        master_key = only_key(master) if is_master else None
        devices = list(keys_query["device_keys"][user_id])
    except (KeyError, TypeError, ValueError, AttributeError):
        return Published(None, frozenset())
    signed = (device for device in devices if verify_device_signed(keys_query, user_id, device))
    return Published(master_key, frozenset(signed) if master_key else frozenset())


class Trust:
    """The identities of all users whose devices are known.

    Args:
        own_user_id: the account's.
        peers: what was known when the process ended last.
        signed_devices: by user id, the ids of devices that are signed by the user's newest identity.
        save: called with what is to be remembered.
        notice: called with each bad standing that is newly seen.
    """

    def __init__(
        self,
        own_user_id: str,
        peers: dict[str, Peer],
        signed_devices: dict[str, frozenset[str]],
        save: Callable[[str, Peer], None],
        notice: Callable[[Standing], None],
    ) -> None:
        self.strictness = Strictness.WARN
        self._own_user_id = own_user_id
        self._own_master_key: str | None = None
        self._peers = peers
        self._signed = signed_devices
        self._save = save
        self._notice = notice

    def set_own_identity(self, master_key: str) -> None:
        """The account's identity, as this process holds its private key."""
        self._own_master_key = master_key

    def update(self, keys_query: Mapping[str, Any], user_id: str) -> None:
        """Take one user's part of a `/keys/query` answer."""
        published = read_published(keys_query, user_id)
        self._signed[user_id] = published.signed_devices
        before = self._peers.get(user_id)
        if before is None:
            if published.master_key is None:
                return
            now = Peer(published.master_key, published.master_key)
        else:
            now = Peer(before.pinned, published.master_key)
        if now != before:
            self._peers[user_id] = now
            self._save(user_id, now)
            if now.is_changed:
                self._notice(Standing.CHANGED)

    def standing(self, user_id: str, device_id: str) -> Standing:
        """How well a device is known."""
        peer = self._peers.get(user_id)
        if user_id == self._own_user_id:
            is_own = peer is not None and peer.seen is not None and peer.seen == self._own_master_key
            is_signed = is_own and device_id in self._signed.get(user_id, ())
            return Standing.SIGNED if is_signed else Standing.UNSIGNED
        if peer is not None and peer.is_changed:
            return Standing.CHANGED
        return Standing.SIGNED if device_id in self._signed.get(user_id, ()) else Standing.UNSIGNED

    def allows(self, user_id: str, device_id: str) -> bool:
        """Whether the device gets room keys and is listened to."""
        if self.standing(user_id, device_id) is Standing.SIGNED:
            return True
        return user_id != self._own_user_id and self.strictness is Strictness.WARN

    def master_key(self, user_id: str) -> str | None:
        """The master key that a user has now; None if there is none."""
        peer = self._peers.get(user_id)
        return None if peer is None else peer.seen

    def is_changed(self, user_id: str) -> bool:
        """Whether somebody's identity is another one than when he was first seen."""
        peer = self._peers.get(user_id)
        return peer is not None and peer.is_changed

    def accept(self, user_id: str) -> bool:
        """Pin the identity that the user has now.

        Returns:
            Whether there was another one.
        """
        peer = self._peers.get(user_id)
        if peer is None or peer.seen is None or not peer.is_changed:
            return False
        self._peers[user_id] = now = Peer(peer.seen, peer.seen)
        self._save(user_id, now)
        return True
