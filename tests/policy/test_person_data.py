"""Which tables answer a person, and what she may see of a row."""

import json

import pytest

from tim_policy.data_map import data_map
from tim_policy.person_data import (
    ANOTHER_PERSON,
    NOT_ANSWERED,
    SECRET,
    UNREADABLE,
    PersonColumn,
    answered_columns,
    person_columns,
    person_row,
)

HER = "@anna:praxis.example.de"
OTHER = "@bert:klinik.example.de"
EVENTS = PersonColumn("events", "sender")


def test_every_table_with_personal_data_is_answered_or_has_a_reason() -> None:
    answered = {place.table for place in answered_columns()}
    for table, entry in data_map().items():
        if entry.personal:
            assert (table in answered) != (table in NOT_ANSWERED), table
    assert NOT_ANSWERED.keys() <= data_map().keys()
    assert all(len(reason) > 10 for reason in NOT_ANSWERED.values())


def test_whatever_looks_like_a_user_column_is_one() -> None:
    """A new table of Synapse with a user column cannot be left out by mistake."""
    for table, entry in data_map().items():
        known = {place.column for place in person_columns(table)}
        looks = {column for column in entry.personal if "user" in column} - {"user_agent", "user_server_name"}
        counted = {"local_users_in_room", "last_user_sync_ts", "user_ids", "c0user_id"}
        assert looks - counted - known == set(), table


def test_what_others_wrote_for_themselves_is_not_answered() -> None:
    places = {(place.table, place.column) for place in answered_columns()}
    assert ("tim_contacts", "owner") in places
    assert ("tim_contacts", "contact") not in places
    assert ("ignored_users", "ignored_user_id") not in places
    assert {place.table for place in answered_columns()} >= {"user_ips", "devices", "receipts_linearized", "pushers"}


@pytest.mark.parametrize(
    "text",
    [
        OTHER,
        f"mit {OTHER}, gestern",
        f'<a href="https://matrix.to/#/{OTHER}">B.</a>',
        "https://matrix.to/#/%40bert%3Aklinik.example.de",
        "@bert/x:klinik.example.de:8448",
        f"{HER}.evil {OTHER}",
        json.dumps({"m.mentions": {"user_ids": [OTHER]}}),
        json.dumps({OTHER: {"deep": [{"x": OTHER}]}}),
        "[" * 200 + json.dumps(OTHER) + "]" * 200,
        json.dumps({"x": OTHER})[:-1],
    ],
)
def test_other_persons_ids_are_not_shown(text: str) -> None:
    shown = json.dumps(person_row(EVENTS, {"sender": HER, "content": text}, HER))
    assert "bert" not in shown
    assert HER in shown
    assert ANOTHER_PERSON in json.loads(shown)["content"] or ANOTHER_PERSON in shown


def test_an_invitation_tells_nothing_about_the_invited() -> None:
    content = {"membership": "invite", "displayname": "Bert B."}
    row = {"type": "m.room.member", "state_key": OTHER, "sender": HER, "content": content}
    assert "ert" not in json.dumps(person_row(EVENTS, row, HER))
    membership = {"user_id": OTHER, "sender": HER, "display_name": "Bert B.", "avatar_url": "mxc://x/bert"}
    assert "ert" not in json.dumps(person_row(PersonColumn("room_memberships", "sender"), membership, HER))
    own = {"user_id": HER, "sender": OTHER, "display_name": "Anna A."}
    assert person_row(PersonColumn("room_memberships", "user_id"), own, HER)["display_name"] == "Anna A."


def test_a_reporter_is_not_told_to_the_reported() -> None:
    row = {"user_id": OTHER, "target_user_id": HER, "reason": "Bert meint: unhöflich"}
    shown = person_row(PersonColumn("user_reports", "target_user_id"), row, HER)
    assert "ert" not in json.dumps(shown, ensure_ascii=False).replace("Person", "")
    mine = person_row(PersonColumn("user_reports", "user_id"), {"user_id": HER, "reason": "Beleidigung"}, HER)
    assert mine["reason"] == "Beleidigung"


def test_her_own_lists_keep_the_names_she_wrote() -> None:
    row = {"user_id": HER, "content": json.dumps({OTHER: ["!r:x"]})}
    assert person_row(PersonColumn("account_data", "user_id"), row, HER)["content"] == {OTHER: ["!r:x"]}


def test_secrets_and_cipher_texts() -> None:
    shown = person_row(PersonColumn("users", "name"), {"name": HER, "password_hash": "$2b$12$x", "admin": 0}, HER)
    assert shown == {"name": HER, "password_hash": SECRET, "admin": 0}
    encrypted = {"sender": HER, "content": {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA"}}
    assert person_row(EVENTS, encrypted, HER)["content"]["ciphertext"] == UNREADABLE
    assert person_row(EVENTS, {"content": memoryview(b"{}")}, HER) == {"content": {}}
