"""The catalogue of requirements leaves nothing out and claims nothing that no test proves."""

from collections import Counter

from tests.docs.requirements_page import ROOT, files_by_requirement, places
from tim_policy.registry import TABLES
from tim_policy.requirements import requirements, rows

ROWS = rows(files_by_requirement())
IDS = {requirement.id for requirement in requirements()}


def test_an_id_stands_once() -> None:
    assert [name for name, count in Counter(row.requirement.id for row in ROWS).items() if count > 1] == []


def test_tests_and_rules_name_known_ids() -> None:
    assert files_by_requirement().keys() - IDS == set()
    assert {rule.requirement for table in TABLES.values() for rule in table} - IDS == set()


def test_a_requirement_has_a_test_or_a_reason() -> None:
    assert [row.requirement.id for row in ROWS if row.state == "open"] == []


def test_nobody_excuses_what_is_done() -> None:
    assert [row.requirement.id for row in ROWS if row.tests and row.requirement.reason] == []


def test_the_files_that_are_named_exist() -> None:
    assert [str(place) for row in ROWS for place in places(row) if not (ROOT / place).exists()] == []
