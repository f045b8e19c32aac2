"""The statements of an export on both engines: every column can be asked, and pages have no gap."""

from tests.retention.databases import Database
from tim_policy.person_data import PersonColumn
from tim_synapse import access
from tim_synapse.access import PAGE_ROWS

HER = "@anna:allein.tim.test"


def test_every_place_can_be_asked(empty_database: Database) -> None:
    with empty_database.transaction() as txn:
        places = access._places(txn)
        assert len(places) > 60
        for place in places:
            assert access._rows(txn, place, HER, "") == ([], []), place
        assert access._rooms(txn, HER, "") == []


def test_pages_follow_each_other(empty_database: Database) -> None:
    place, rows = PersonColumn("room_tags", "user_id"), PAGE_ROWS * 2 + 1
    with empty_database.transaction() as txn:
        for number in range(rows):
            for user_id in (HER, "@bert:x"):
                txn.execute("INSERT INTO room_tags VALUES (?, ?, 'm.favourite', '{}')", (user_id, f"!{number}:x"))
        found: list[str] = []
        after = ""
        for _ in range(3):
            keys, page = access._rows(txn, place, HER, after)
            found += [row["room_id"] for row in page]
            after = keys[-1]
        assert access._rows(txn, place, HER, after) == ([], [])
        assert found == [f"!{number}:x" for number in range(rows)]
        txn.execute("DELETE FROM room_tags")


def test_events_come_with_their_content(empty_database: Database) -> None:
    with empty_database.transaction() as txn:
        for ordering, sender in ((-2, HER), (-1, "@bert:x"), (5, HER), (6, HER)):
            txn.execute(
                "INSERT INTO events (stream_ordering, topological_ordering, event_id, type, room_id, processed,"
                " outlier, depth, sender) VALUES (?, 1, ?, 'm.room.message', '!r:x', ?, ?, 1, ?)",
                (ordering, f"${ordering}", True, False, sender),
            )
        for name, text in (("$5", '{"content": {"body": "hallo"}}'), ("$6", "kaputt")):
            txn.execute("INSERT INTO event_json VALUES (?, '!r:x', '{}', ?, 4)", (name, text))
        assert access._event_range(txn) == (-2, 6)
        found = access._event_rows(txn, HER, -3, 6)
        assert [(row["event_id"], row["content"]) for row in found] == [
            ("$-2", None),
            ("$5", '{"body": "hallo"}'),
            ("$6", '"kaputt"'),
        ]
        txn.execute("DELETE FROM events")
        txn.execute("DELETE FROM event_json")
