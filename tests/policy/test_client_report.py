"""Reports of clients: read completely or not at all."""

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_policy.client_report import (
    MAX_COUNT,
    MAX_ENTRIES,
    ClientReport,
    InvalidReport,
    ReportEntry,
    parse_client_report,
)

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
ENTRY: dict[str, Any] = {"Fachverfahren": "de.gematik.questionnaire.generic", "Version": "v1", "Anzahl": 8}
START = "2026-03-23T12:13:23.183Z"


@pytest.mark.requirement("I_ClientReport")
def test_a_report_is_read() -> None:
    body = {"start": START, "sent": [ENTRY], "received": [ENTRY | {"Anzahl": 0, "new": 1}], "new": {}}
    assert parse_client_report(body, NOW) == ClientReport(
        datetime(2026, 3, 23, 12, 13, 23, 183_000, tzinfo=UTC),
        (
            ReportEntry("sent", "de.gematik.questionnaire.generic", "v1", 8),
            ReportEntry("received", "de.gematik.questionnaire.generic", "v1", 0),
        ),
    )
    assert parse_client_report({"start": START}, NOW).entries == ()


@pytest.mark.parametrize("start", ["2026-11-25T14:00:00+02:00", "2026-11-25T12:59:59Z", "2020-01-01T00:00:00.000000Z"])
def test_a_start_has_a_zone_and_lies_in_the_past(start: str) -> None:
    assert parse_client_report({"start": start}, NOW).start.tzinfo is not None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"start": None}, "start"),
        ({"start": 7}, "start"),
        ({"start": "2026-03-23T12:13:23"}, "start"),
        ({"start": "2026-13-23T12:13:23Z"}, "start"),
        ({"start": "2026-11-25T13:00:01Z"}, "start"),
        ({"start": "2019-12-31T23:59:59Z"}, "start"),
        ({"start": "0001-01-01T00:00:00+23:59"}, "start"),
        ({"start": "9999-12-31T23:59:59-23:59"}, "start"),
        ({"sent": []}, "sent"),
        ({"sent": None}, "sent"),
        ({"sent": ENTRY}, "sent"),
        ({"sent": [ENTRY, ENTRY]}, "sent"),
        ({"received": [ENTRY | {"Anzahl": number} for number in range(MAX_ENTRIES + 1)]}, "received"),
        ({"sent": ["a"]}, "sent"),
        ({"sent": [ENTRY | {"Fachverfahren": ""}]}, "Fachverfahren"),
        ({"sent": [ENTRY | {"Fachverfahren": "Frau Müller"}]}, "Fachverfahren"),
        ({"sent": [ENTRY | {"Fachverfahren": "a" * 129}]}, "Fachverfahren"),
        ({"sent": [ENTRY | {"Version": 1}]}, "Version"),
        ({"sent": [ENTRY | {"Anzahl": -1}]}, "Anzahl"),
        ({"sent": [ENTRY | {"Anzahl": MAX_COUNT + 1}]}, "Anzahl"),
        ({"sent": [ENTRY | {"Anzahl": 1.0}]}, "Anzahl"),
        ({"sent": [ENTRY | {"Anzahl": False}]}, "Anzahl"),
        ({"sent": [ENTRY | {"Anzahl": "8"}]}, "Anzahl"),
    ],
)
def test_what_does_not_follow_the_schema_is_refused_by_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidReport, match=field):
        parse_client_report({"start": START} | change, NOW)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(str),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
ENTRIES = st.lists(st.fixed_dictionaries({}, optional={"Fachverfahren": JSON, "Version": JSON, "Anzahl": JSON}))


@given(st.fixed_dictionaries({}, optional={"start": JSON, "sent": JSON | ENTRIES, "received": ENTRIES}) | JSON)
def test_reading_is_total(body: Any) -> None:
    with contextlib.suppress(InvalidReport):
        parse_client_report(body, NOW)


def test_the_error_repeats_nothing_of_the_content() -> None:
    with pytest.raises(InvalidReport) as caught:
        parse_client_report({"start": START, "sent": [ENTRY | {"Fachverfahren": "geheim!"}]}, NOW)
    assert "geheim" not in str(caught.value)
