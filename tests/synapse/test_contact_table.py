"""The contact lists on both databases Synapse runs on."""

from typing import Any

import pytest

from tests.synapse.database import Database
from tim_policy.contact_list import Contact
from tim_policy.names import parse_user_id
from tim_synapse import contact_table
from tim_synapse.contact_table import ContactTable, is_admitted

DOCTOR, COLLEAGUE = parse_user_id("@weber:praxis.test"), parse_user_id("@klein:praxis.test")
ANNA = parse_user_id("@anna:pflege.test")
ENTRY = Contact("Berger, Anna", ANNA, 100, 200)


async def admits(database: Database, now: float) -> Any:
    return await database.run_db_interaction("test", is_admitted, DOCTOR, ANNA, now)


async def test_entries_are_stored_changed_and_deleted(database: Database) -> None:
    table = ContactTable(database)  # type: ignore[arg-type] # see Database
    assert await table.all_of(DOCTOR) == []
    assert await table.get(DOCTOR, ANNA) is None
    assert not await table.change(DOCTOR, ENTRY)
    assert not await table.remove(DOCTOR, ANNA)
    assert not await admits(database, 150)

    assert await table.add(DOCTOR, ENTRY)
    assert await ContactTable(database).get(DOCTOR, ANNA) == ENTRY  # type: ignore[arg-type] # see Database
    assert [await admits(database, now) for now in (99, 150, 201)] == [False, True, False]
    assert not await table.add(DOCTOR, Contact("Other", ANNA, 0, None)), "there is one already"
    assert await table.all_of(COLLEAGUE) == []

    for_good = Contact("Berger, Anna", ANNA, -(2**63), None)
    assert await table.change(DOCTOR, for_good)
    assert await table.all_of(DOCTOR) == [for_good]
    assert await admits(database, 1e12)
    assert await table.remove(DOCTOR, ANNA)
    assert not await admits(database, 150)


async def test_a_list_may_become_full(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contact_table, "MAX_CONTACTS", 2)
    table = ContactTable(database)  # type: ignore[arg-type] # see Database
    contacts = [Contact("A", parse_user_id(f"@{name}:pflege.test"), 0, None) for name in "abc"]
    assert [await table.add(DOCTOR, contact) for contact in contacts] == [True, True, False]
    assert await table.all_of(DOCTOR) == contacts[:2]
    assert await table.remove(DOCTOR, None)
    assert await table.all_of(DOCTOR) == []
