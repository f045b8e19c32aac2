"""Which rooms are due: one room per edge of each rule, on both engines."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.retention.databases import Database
from tim_synapse.retention_rooms import DueQuery, RoomKind, due_rooms, is_due

DOCTOR, NURSE, INSURED, OTHER_INSURED = "@arzt:own.test", "@anna:other.test", "@kim:kasse.test", "@lou:kasse2.test"
BEFORE = 100
OLD, NEW = 50, 150


class World:
    """Writes rooms as Synapse would."""

    def __init__(self, txn: Any) -> None:
        self._txn = txn
        self._count = 0

    def room(self, room_id: str, *, created: int = OLD, creator: str = DOCTOR) -> None:
        self._txn.execute("INSERT INTO rooms (room_id, is_public, creator) VALUES (?, FALSE, ?)", (room_id, creator))
        event_id = self.event(room_id, "m.room.create", creator, created, state_key="")
        self._state(room_id, "m.room.create", "", event_id, None)
        self.member(room_id, creator, "join", at=created)

    def event(self, room_id: str, kind: str, sender: str, at: int, state_key: str | None = None) -> str:
        self._count += 1
        event_id = f"$e{self._count}"
        self._txn.execute(
            "INSERT INTO events (event_id, type, room_id, sender, topological_ordering, depth, processed, outlier,"
            " stream_ordering, received_ts, origin_server_ts, state_key)"
            " VALUES (?, ?, ?, ?, 1, 1, TRUE, FALSE, ?, ?, 0, ?)",
            (event_id, kind, room_id, sender, at * 1000 + self._count, at, state_key),
        )
        return event_id

    def member(self, room_id: str, user_id: str, membership: str, *, at: int = OLD, is_forgotten: int = 0) -> None:
        event_id = self.event(room_id, "m.room.member", user_id, at, state_key=user_id)
        self._txn.execute(
            "DELETE FROM current_state_events WHERE room_id = ? AND type = 'm.room.member' AND state_key = ?",
            (room_id, user_id),
        )
        self._state(room_id, "m.room.member", user_id, event_id, membership)
        self._membership(room_id, user_id, event_id, membership, is_forgotten)

    def waiting_invite(self, room_id: str, user_id: str) -> None:
        """From another server: our room state does not know it."""
        self._txn.execute("INSERT INTO rooms (room_id, is_public) VALUES (?, FALSE)", (room_id,))
        event_id = self.event(room_id, "m.room.member", NURSE, OLD, state_key=user_id)
        self._membership(room_id, user_id, event_id, "invite", 0)

    def _membership(self, room_id: str, user_id: str, event_id: str, membership: str, is_forgotten: int) -> None:
        self._txn.execute(
            "INSERT INTO room_memberships (event_id, user_id, sender, room_id, membership, forgotten)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (event_id, user_id, user_id, room_id, membership, is_forgotten),
        )
        if user_id.endswith(":own.test"):
            self._txn.execute(
                "DELETE FROM local_current_membership WHERE room_id = ? AND user_id = ?", (room_id, user_id)
            )
            self._txn.execute(
                "INSERT INTO local_current_membership (room_id, user_id, event_id, membership) VALUES (?, ?, ?, ?)",
                (room_id, user_id, event_id, membership),
            )

    def _state(self, room_id: str, kind: str, state_key: str, event_id: str, membership: str | None) -> None:
        self._txn.execute(
            "INSERT INTO current_state_events (event_id, room_id, type, state_key, membership) VALUES (?, ?, ?, ?, ?)",
            (event_id, room_id, kind, state_key, membership),
        )

    def hold(self, room_id: str) -> None:
        self._txn.execute("INSERT INTO tim_retention_hold VALUES (?, 'case', 0)", (room_id,))

    def joining(self, room_id: str) -> None:
        self._txn.execute("INSERT INTO partial_state_rooms (room_id) VALUES (?)", (room_id,))


@pytest.fixture(scope="module")
def database(empty_database: Database) -> Database:
    with empty_database.transaction() as txn:
        build(World(txn))
    return empty_database


def build(world: World) -> None:
    for name in ("alone", "alone-held", "alone-joining", "alone-said", "alone-invited", "alone-member", "alone-left"):
        world.room(f"!{name}")
    world.hold("!alone-held")
    world.joining("!alone-joining")
    world.event("!alone-said", "m.room.encrypted", DOCTOR, OLD)
    world.member("!alone-invited", NURSE, "invite")
    world.member("!alone-member", NURSE, "join")
    world.member("!alone-left", NURSE, "join")
    world.member("!alone-left", NURSE, "leave")
    world.room("!alone-young", created=NEW)
    world.room("!alone-renamed")
    world.event("!alone-renamed", "m.room.name", DOCTOR, NEW, state_key="")
    world.room("!not-creator", creator=NURSE)
    world.member("!not-creator", NURSE, "leave")
    world.member("!not-creator", DOCTOR, "join")
    world.waiting_invite("!invite-waits", DOCTOR)
    world.room("!talked")
    world.member("!talked", NURSE, "join")
    world.event("!talked", "m.room.encrypted", NURSE, OLD)
    world.room("!talks")
    world.member("!talks", NURSE, "join")
    world.event("!talks", "m.room.encrypted", NURSE, NEW)
    world.room("!only-state-is-new")
    world.event("!only-state-is-new", "m.room.encrypted", DOCTOR, OLD)
    world.event("!only-state-is-new", "m.room.name", DOCTOR, NEW, state_key="")
    for name, is_forgotten, at in (("forgotten", 1, OLD), ("left", 0, OLD), ("just-forgotten", 1, NEW)):
        world.room(f"!{name}")
        world.event(f"!{name}", "m.room.encrypted", DOCTOR, OLD)
        world.member(f"!{name}", DOCTOR, "leave", at=at, is_forgotten=is_forgotten)
    for name in ("insured", "insured-and-nurse", "insured-invited", "insured-lately"):
        world.room(f"!{name}", creator=INSURED)
        world.member(f"!{name}", OTHER_INSURED, "join")
        world.event(f"!{name}", "m.room.encrypted", INSURED, NEW)
    world.member("!insured", NURSE, "leave")
    world.member("!insured-and-nurse", NURSE, "join")
    world.member("!insured-invited", NURSE, "invite")
    world.member("!insured-lately", NURSE, "leave", at=NEW)


DUE = {
    RoomKind.ORPHANED: {"!alone", "!alone-left"},
    RoomKind.INACTIVE: {
        *("!alone", "!alone-left", "!alone-said", "!alone-invited", "!alone-member", "!alone-renamed"),
        *("!not-creator", "!talked", "!only-state-is-new", "!forgotten", "!left", "!just-forgotten"),
        "!invite-waits",
    },
    RoomKind.FORGOTTEN: {"!forgotten"},
    RoomKind.INSURED_ONLY: {"!insured"},
}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(RoomKind.ORPHANED, marks=pytest.mark.requirement("A_28564-01")),
        pytest.param(RoomKind.INACTIVE, marks=pytest.mark.requirement("A_25318")),
        RoomKind.FORGOTTEN,
        pytest.param(
            RoomKind.INSURED_ONLY, marks=[pytest.mark.requirement("A_26348"), pytest.mark.requirement("A_26463")]
        ),
    ],
)
def test_exactly_these_rooms_are_due(database: Database, kind: RoomKind) -> None:
    query = DueQuery(kind, BEFORE * 1000, ("kasse.test", "kasse2.test"))
    assert pages(database, query, 2) == sorted(DUE[kind])
    with database.transaction() as txn:
        txn.execute("SELECT room_id FROM rooms")
        rooms = [room_id for (room_id,) in txn.fetchall()]
        assert {room_id for room_id in rooms if is_due(txn, query, room_id)} == DUE[kind]


def test_without_a_list_no_room_is_one_of_insured_persons_only(database: Database) -> None:
    assert pages(database, DueQuery(RoomKind.INSURED_ONLY, BEFORE * 1000), 100) == []


def pages(database: Database, query: DueQuery, limit: int) -> Sequence[str]:
    found: list[str] = []
    while True:
        with database.transaction() as txn:
            page = due_rooms(txn, query, found[-1] if found else "", limit)
        found += page
        if len(page) < limit:
            return found
