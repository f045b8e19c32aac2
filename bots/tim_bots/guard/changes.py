"""What changed in the crypto store since it was written last, and the statements that write it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nio.crypto import OlmAccount, OlmDevice, Session
from sqlalchemy import Connection, Table, bindparam, delete, select, update
from sqlalchemy.dialects import sqlite

from tim_bots.guard import tables
from tim_bots.guard.sessions import Known, SessionKey
from tim_bots.guard.trust import Peer

Row = dict[str, Any]
Work = Callable[[Connection], None]


@dataclass(slots=True)
class Changes:
    """What was noted; the objects are read when it is written.

    Args:
        account: nio's, if it changed.
        olm: by sender key and session id.
        olm_forgotten: names of sessions to delete.
        megolm: inbound sessions that came.
        used: those that were used for the first time today.
        positions: digest of the event at a position of a session.
        devices: of others, by user and device id.
        peers: identities of others, by user id.
        rooms: ids of encrypted rooms.
    """

    account: OlmAccount | None = None
    olm: dict[tuple[str, str], Session] = field(default_factory=dict)
    olm_forgotten: set[tuple[str, str]] = field(default_factory=set)
    megolm: dict[SessionKey, Known] = field(default_factory=dict)
    used: set[SessionKey] = field(default_factory=set)
    positions: dict[tuple[SessionKey, int], bytes] = field(default_factory=dict)
    devices: dict[tuple[str, str], OlmDevice] = field(default_factory=dict)
    peers: dict[str, Peer] = field(default_factory=dict)
    rooms: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        return any(bool(getattr(self, name)) for name in self.__slots__)

    def under(self, newer: "Changes") -> "Changes":
        """These, with what was noted later on top."""
        return Changes(
            newer.account or self.account,
            self.olm | newer.olm,
            self.olm_forgotten | newer.olm_forgotten,
            self.megolm | newer.megolm,
            self.used | newer.used,
            self.positions | newer.positions,
            self.devices | newer.devices,
            self.peers | newer.peers,
            self.rooms | newer.rooms,
        )

    def account_row(self, pickle_key: str) -> Row | None:
        """The account's columns; None if it did not change."""
        if self.account is None:
            return None
        return {"pickle": self.account.pickle(pickle_key), "is_published": self.account.shared}

    def work(self, device: int, pickle_key: str, is_signed: Callable[[str, str], bool], now_ms: int) -> Work:
        """What writes everything but the account.

        Reads the objects at once: vodozemac's must not be used in two threads.

        Args:
            device: id of the row of the own device.
            pickle_key: encrypts the keys.
            is_signed: whether a device (user id, device id) is signed by its user's identity.
            now_ms: POSIX milliseconds.
        """
        upserts: list[tuple[Table, list[Row]]] = [
            (tables.olm_session, self._olm_rows(pickle_key)),
            (tables.megolm_session, self._megolm_rows(pickle_key)),
            (
                tables.message_index,
                [key._asdict() | {"position": at, "event": e} for (key, at), e in self.positions.items()],
            ),
            (tables.peer_device, self._device_rows(is_signed)),
            (
                tables.peer,
                [
                    {"user_id": user_id, "pinned_master_key": peer.pinned, "seen_master_key": peer.seen}
                    for user_id, peer in self.peers.items()
                ],
            ),
            (tables.encrypted_room, [{"room_id": room_id} for room_id in self.rooms]),
        ]
        forgotten = [{"a_device": device, "a_key": key, "a_session": session} for key, session in self.olm_forgotten]
        used = [row | {"now": now_ms} for row in named_rows(device, self.used)]

        def work(connection: Connection) -> None:
            if forgotten:
                connection.execute(FORGET_OLM, forgotten)
            for table, rows in upserts:
                if rows:
                    connection.execute(
                        _upsert(table, connection.dialect.name), [row | {"device": device} for row in rows]
                    )
            if used:
                connection.execute(TOUCH_MEGOLM, used)

        return work

    def _olm_rows(self, pickle_key: str) -> list[Row]:
        return [
            {
                "sender_key": sender_key,
                "session_id": session_id,
                "pickle": session.pickle(pickle_key),
                "created_at": session.creation_time.timestamp(),
                "used_at": session.use_time.timestamp(),
            }
            for (sender_key, session_id), session in self.olm.items()
        ]

    def _megolm_rows(self, pickle_key: str) -> list[Row]:
        return [
            key._asdict()
            | {
                "ed25519": known.session.ed25519,
                "pickle": known.session.pickle(pickle_key),
                "used_at_ms": known.used_at_ms,
                "is_backed_up": False,
            }
            for key, known in self.megolm.items()
        ]

    def _device_rows(self, is_signed: Callable[[str, str], bool]) -> list[Row]:
        return [
            {
                "user_id": user_id,
                "device_id": device_id,
                "ed25519": device.ed25519,
                "curve25519": device.curve25519,
                "display_name": device.display_name or "",
                "is_deleted": device.deleted,
                "is_signed": is_signed(user_id, device_id),
            }
            for (user_id, device_id), device in self.devices.items()
        ]


def named_rows(device: int, keys: Iterable[SessionKey]) -> list[Row]:
    """Parameters of the statements that name a Megolm session."""
    return [{f"a_{name}": part for name, part in key._asdict().items()} | {"a_device": device} for key in keys]


def prune_before(device: int, limit: datetime) -> Work:
    """Deletes a device's Megolm sessions that were last used before `limit`, with their message positions."""

    def work(connection: Connection) -> None:
        sessions, indices = tables.megolm_session, tables.message_index
        old = (sessions.c.device == device) & (sessions.c.used_at_ms < int(limit.timestamp() * 1000))
        same = [indices.c[name] == sessions.c[name] for name in ("device", *SessionKey._fields)]
        connection.execute(delete(indices).where(select(sessions.c.device).where(old, *same).exists()))
        connection.execute(delete(sessions).where(old))

    return work


def _is_named(table: Table) -> Any:
    first, *more = [table.c[name] == bindparam(f"a_{name}") for name in ("device", *SessionKey._fields)]
    for condition in more:
        first &= condition
    return first


READ_MEGOLM = select(tables.megolm_session).where(_is_named(tables.megolm_session))
READ_MAKERS = select(tables.megolm_session.c.sender_key).where(
    tables.megolm_session.c.device == bindparam("a_device"),
    tables.megolm_session.c.room_id == bindparam("a_room_id"),
    tables.megolm_session.c.session_id == bindparam("a_session_id"),
)
READ_POSITIONS = select(tables.message_index.c.position, tables.message_index.c.event).where(
    _is_named(tables.message_index)
)
FORGET_OLM = delete(tables.olm_session).where(
    tables.olm_session.c.device == bindparam("a_device"),
    tables.olm_session.c.sender_key == bindparam("a_key"),
    tables.olm_session.c.session_id == bindparam("a_session"),
)
TOUCH_MEGOLM = update(tables.megolm_session).where(_is_named(tables.megolm_session)).values(used_at_ms=bindparam("now"))
MARK_BACKED_UP = update(tables.megolm_session).where(_is_named(tables.megolm_session)).values(is_backed_up=True)


def _upsert(table: Table, dialect: str) -> Any:
    if dialect == "sqlite":
        statement: Any = sqlite.insert(table)
    else:
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - 4 MiB for those who use it

        statement = postgresql.insert(table)
    key = [column.name for column in table.primary_key]
    others = {column.name: statement.excluded[column.name] for column in table.columns if column.name not in key}
    if not others:
        return statement.on_conflict_do_nothing()
    return statement.on_conflict_do_update(index_elements=key, set_=others)
