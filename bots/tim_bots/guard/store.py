"""The crypto store: nio calls it for each change, it writes all changes in one transaction (N15).

nio's own store commits, and reads the account, for every single device and session. Here a change is only noted;
`flush` writes what was noted. `GuardedClient` flushes before anything leaves the process and before a sync is
called done, so whatever the homeserver or another device has seen is on the disk.
"""

import asyncio
import hashlib
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from nio.crypto import InboundGroupSession, OlmAccount, OlmDevice, Session
from sqlalchemy import Connection, Engine, Table, create_engine, event, insert, select, update
from sqlalchemy.pool import StaticPool

from tim_bots.guard import tables
from tim_bots.guard.changes import (
    MARK_BACKED_UP,
    READ_MAKERS,
    READ_MEGOLM,
    READ_POSITIONS,
    Changes,
    Row,
    Work,
    named_rows,
    prune_before,
)
from tim_bots.guard.sessions import Devices, GroupSessions, Known, OlmSessions, SessionKey
from tim_bots.guard.trust import Peer

SESSION_LIFETIME = timedelta(days=60)
"""An inbound Megolm session that was not used for so long is deleted; senders renew theirs after a week."""
_DAY_MS = 24 * 60 * 60 * 1000
_DIGEST_BYTES = 16


def open_crypto_store(path: Path | None) -> Engine:
    """Open (or create) the file of a crypto store.

    Args:
        path: the file; None: in memory, for tests.
    """
    if path is None:
        engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    else:
        engine = create_engine(f"sqlite:///{path}", hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    tables.crypto_metadata.create_all(engine)
    if path is not None:
        path.chmod(0o600)
    return engine


def _configure_sqlite(connection: Any, _record: object) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


class CryptoStore:
    """One device's keys (nio's `MatrixStore`, as far as the guarded machine uses it).

    To be used from one event loop; `flush` does the writing in a thread of its own.

    Args:
        user_id, device_id: whose.
        engine: from `open_crypto_store`, or another database in which the tables exist.
        pickle_key: encrypts the keys.
    """

    def __init__(self, user_id: str, device_id: str, engine: Engine, pickle_key: str) -> None:
        self._name = {"user_id": user_id, "device_id": device_id}
        self._engine = engine
        self._pickle_key = pickle_key
        self._device: int | None = None
        self._changes = Changes()
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="crypto-store")
        self._pruned_at_ms = 0
        self.olm_sessions = OlmSessions(self._note_forgotten)
        self.group_sessions = GroupSessions(self._load_group_session)
        self.signed_devices: dict[str, frozenset[str]] = {}

    # Reading: at the start, and single sessions later

    def load_account(self) -> OlmAccount | None:
        """The device's account; None when the store is new."""
        with self._engine.connect() as connection:
            row = connection.execute(select(tables.device).filter_by(**self._name)).first()
        if row is None:
            return None
        self._device = row.id
        return OlmAccount.from_pickle(row.pickle, self._pickle_key, row.is_published)

    def load_sessions(self) -> OlmSessions:
        """All Olm sessions."""
        for row in self._rows(tables.olm_session):
            times = datetime.fromtimestamp(row.created_at), datetime.fromtimestamp(row.used_at)  # noqa: DTZ006 - as nio
            session = Session.from_pickle(row.pickle, times[0], self._pickle_key, times[1])
            self.olm_sessions.add(row.sender_key, session)
        return self.olm_sessions

    def load_inbound_group_sessions(self) -> GroupSessions:
        """The Megolm sessions, which are read one by one when they are needed."""
        return self.group_sessions

    def load_device_keys(self) -> Devices:
        """All devices of others."""
        devices = Devices()
        for row in self._rows(tables.peer_device):
            keys = {"ed25519": row.ed25519, "curve25519": row.curve25519}
            devices.add(OlmDevice(row.user_id, row.device_id, keys, row.display_name, row.is_deleted))
            if row.is_signed:
                self.signed_devices[row.user_id] = self.signed_devices.get(row.user_id, frozenset()) | {row.device_id}
        return devices

    def load_peers(self) -> dict[str, Peer]:
        """What is known about the identities of others, by user id."""
        return {row.user_id: Peer(row.pinned_master_key, row.seen_master_key) for row in self._rows(tables.peer)}

    def load_encrypted_rooms(self) -> set[str]:
        """Ids of rooms that were encrypted once, and are for ever."""
        return {row.room_id for row in self._rows(tables.encrypted_room)}

    def load_outgoing_key_requests(self) -> dict[str, Any]:
        """None are ever made: only own verified devices would answer, and the bot has none."""
        return {}

    def _rows(self, table: Table) -> Iterable[Any]:
        if self._device is None:
            return ()
        with self._engine.connect() as connection:
            return connection.execute(select(table).where(table.c.device == self._device)).all()

    def _load_group_session(self, key: SessionKey) -> Known | None:
        if self._device is None:
            return None
        (wanted,) = named_rows(self._device, [key])
        with self._engine.connect() as connection:
            row = connection.execute(READ_MEGOLM, wanted).first()
            if row is None:
                return None
            seen = {row.position: row.event for row in connection.execute(READ_POSITIONS, wanted)}
        session = InboundGroupSession.from_pickle(
            row.pickle, row.ed25519, key.sender_key, key.room_id, self._pickle_key
        )
        return Known(session, seen, row.used_at_ms)

    def makers_of(self, room_id: str, session_id: str) -> set[str]:
        """The sender keys of all devices that gave the bot a session of this name; who made it is one of them."""
        makers = self.group_sessions.makers_of(room_id, session_id)
        if self._device is not None:
            with self._engine.connect() as connection:
                wanted = {"a_device": self._device, "a_room_id": room_id, "a_session_id": session_id}
                makers.update(connection.scalars(READ_MAKERS, wanted))
        return makers

    # Noting changes: called by nio

    def save_account(self, account: OlmAccount) -> None:
        """Note that the account changed."""
        self._changes.account = account

    def save_session(self, sender_key: str, session: Session) -> None:
        """Note that an Olm session changed."""
        self._changes.olm[sender_key, session.id] = session

    def _note_forgotten(self, sender_key: str, session: Session) -> None:
        self._changes.olm.pop((sender_key, session.id), None)
        self._changes.olm_forgotten.add((sender_key, session.id))

    def save_inbound_group_session(self, session: InboundGroupSession) -> None:
        """Note that a Megolm session came."""
        key = SessionKey(session.room_id, session.sender_key, session.id)
        known = self.group_sessions.known(key)
        if known is not None:
            known.used_at_ms = _now_ms()
            self._changes.megolm[key] = known

    def save_device_keys(self, changed: Mapping[str, Mapping[str, OlmDevice]]) -> None:
        """Note that devices came, changed or went."""
        for user_id, devices in changed.items():
            for device_id, device in devices.items():
                self._changes.devices[user_id, device_id] = device

    def save_peer(self, user_id: str, peer: Peer) -> None:
        """Note what is known about somebody's identity."""
        self._changes.peers[user_id] = peer

    def save_encrypted_rooms(self, rooms: Iterable[str]) -> None:
        """Note that rooms are encrypted."""
        self._changes.rooms.update(rooms)

    def delete_encrypted_room(self, room_id: str) -> None:
        """For nio, which calls it on leaving; the room stays encrypted for whoever comes back."""

    def is_first_or_same(self, key: SessionKey, position: int, event_id: str, timestamp: int) -> bool:
        """Note which event came at a position of a session.

        Returns:
            False if another one came there before: somebody sends it again under a new name.
        """
        known = self.group_sessions.known(key)
        if known is None:
            return False
        digest = hashlib.sha256(f"{event_id}\0{timestamp}".encode()).digest()[:_DIGEST_BYTES]
        seen = known.seen.get(position)
        if seen is not None:
            return seen == digest
        known.seen[position] = self._changes.positions[key, position] = digest
        if _now_ms() - known.used_at_ms > _DAY_MS:
            known.used_at_ms = _now_ms()
            self._changes.used.add(key)
        return True

    # Writing

    async def flush(self) -> None:
        """Write what was noted; returns when it would survive a power cut.

        Raises:
            sqlalchemy.exc.OperationalError: the disk is full or the like; nothing is lost, the next flush tries again.
        """
        async with self._lock:
            if not self._changes:
                return
            changes, self._changes = self._changes, Changes()
            try:
                await self._in_thread(self._prepare(changes))
            except BaseException:
                self._changes = changes.under(self._changes)
                raise
            self.group_sessions.trim()

    def flush_now(self) -> None:
        """The same for the start, when nothing else runs yet."""
        changes, self._changes = self._changes, Changes()
        self._write(self._prepare(changes))

    def _prepare(self, changes: Changes) -> Work:
        account = changes.account_row(self._pickle_key)
        device = self._device
        rest = None if device is None else changes.work(device, self._pickle_key, self._is_signed, _now_ms())

        def work(connection: Connection) -> None:
            if account is not None:
                self._write_account(connection, account)
            if rest is not None:
                rest(connection)

        return work

    def _is_signed(self, user_id: str, device_id: str) -> bool:
        return device_id in self.signed_devices.get(user_id, ())

    async def _in_thread(self, work: Work) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, work)

    def _write(self, work: Work) -> None:
        with self._engine.begin() as connection:
            work(connection)

    def _write_account(self, connection: Connection, account: Row) -> None:
        if self._device is None:
            added = connection.execute(insert(tables.device).values(self._name | account))
            key = added.inserted_primary_key
            self._device = None if key is None else int(key[0])
        else:
            connection.execute(update(tables.device).filter_by(id=self._device).values(account))

    async def prune(self) -> None:
        """N17: delete the sessions that nobody used for long; does so once a day."""
        if self._device is None or _now_ms() - self._pruned_at_ms < _DAY_MS:
            return
        limit = datetime.now(UTC) - SESSION_LIFETIME
        await self._in_thread(prune_before(self._device, limit))
        self._pruned_at_ms = _now_ms()

    async def not_backed_up(self, limit: int) -> list[tuple[SessionKey, InboundGroupSession]]:
        """Megolm sessions that the server-side backup does not have yet, at most `limit`."""
        await self.flush()
        table = tables.megolm_session
        query = select(table).where(table.c.device == self._device, ~table.c.is_backed_up).limit(limit)

        def read() -> Any:
            with self._engine.connect() as connection:
                return connection.execute(query).all()

        rows = await asyncio.get_running_loop().run_in_executor(self._thread, read)
        return [
            (
                SessionKey(row.room_id, row.sender_key, row.session_id),
                InboundGroupSession.from_pickle(row.pickle, row.ed25519, row.sender_key, row.room_id, self._pickle_key),
            )
            for row in rows
        ]

    async def mark_backed_up(self, keys: Iterable[SessionKey]) -> None:
        """The backup has these sessions."""
        rows = [] if self._device is None else named_rows(self._device, keys)

        def work(connection: Connection) -> None:
            if rows:
                connection.execute(MARK_BACKED_UP, rows)

        await self._in_thread(work)

    async def forget_backup(self) -> None:
        """A new backup begins empty."""
        statement = update(tables.megolm_session).filter_by(device=self._device).values(is_backed_up=False)

        def work(connection: Connection) -> None:
            connection.execute(statement)

        await self._in_thread(work)

    def close(self) -> None:
        """Wait for what is being written."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
