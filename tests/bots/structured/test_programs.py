"""A practice's program talks to the bot: the appointment story in structured messages, and what attacks it."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bots.appointment.conftest import Practice, cipher, database_path, engine, open_practice, practice
from tim_bots.flow import Incoming, MessageKind, Outgoing, SendEvent, SendFile, SendText
from tim_bots.incoming import FLOW_BLOCK
from tim_bots.structured.reading import Refusal, read_step
from tim_bots.structured.step import FlowStep
from tim_bots.structured.usage import report

__all__ = ["cipher", "database_path", "engine", "open_practice", "practice"]

ROOM, BOT = "!raum:pflege.tim.test", "@bot:pflege.tim.test"
CASE = "64a65c58-bb38-5787-bd13-31e4d53bc7db"
PAYLOADS = Path(__file__).parents[3].parent / "shared" / "payloads"
STATUS = "de.gematik.response.status"
REQUEST = {"de.gematik.request.status": {"from_device": "PEER", "lifetime": 60_000}}


def block(step: str, **more: Any) -> dict[str, Any]:
    return {FLOW_BLOCK: {"v": 1, "flow": "appointment", "step": step, "msg_id": str(uuid4()), "case_id": CASE} | more}


def sends(practice: Practice, content: dict[str, Any], **how: Any) -> list[Outgoing]:
    event_type, sender = how.get("event_type", "m.room.message"), how.get("sender", BOT)
    received = practice.now - how.get("ago", timedelta())
    message = Incoming(ROOM, f"${uuid4()}", sender, MessageKind.DATA, "", received, event_type, content)
    with practice.engine.begin() as connection:
        return list(practice.flow.handle(connection, message))


def texts(answers: list[Outgoing]) -> list[SendText]:
    return [answer for answer in answers if isinstance(answer, SendText)]


def statuses(answers: list[Outgoing]) -> list[str]:
    events = [one for one in answers if isinstance(one, SendEvent) and one.event_type == STATUS]
    return [event.content[STATUS]["status"] for event in events]


def offered(practice: Practice, **more: Any) -> dict[str, Any]:
    (answer,) = texts(sends(practice, block("query", **more)))
    return dict(answer.extra)


def test_a_program_asks_books_and_cancels(practice: Practice) -> None:
    query = block("query") | REQUEST
    answers = sends(practice, query)
    (offer,) = texts(answers)
    assert statuses(answers) == ["success"]
    control = offer.extra[FLOW_BLOCK]
    assert (control["step"], control["case_id"]) == ("offer", CASE)
    assert control["reply_to"] == query[FLOW_BLOCK]["msg_id"]
    assert offer.extra["de.gematik.text"][0]["body"] == offer.text
    slots = [entry["resource"] for entry in offer.extra["de.gematik.fhir.resource"]["entry"]]
    assert slots[0]["start"] == "2026-11-23T10:00:00+01:00"
    assert [slot["id"] for slot in slots] == [item["id"] for item in control["items"]]

    book = block("book", items=[{"id": slots[1]["id"], "status": "proposed"}]) | REQUEST
    answers = sends(practice, book)
    (confirmed,) = texts(answers)
    assert confirmed.text.startswith("Ihr Termin ist gebucht: Montag, 23. November 2026, 14:00 Uhr")
    assert statuses(answers) == ["success"]
    assert any(isinstance(one, SendFile) for one in answers)
    appointment = confirmed.extra["de.gematik.fhir.resource"]
    assert (appointment["resourceType"], appointment["status"]) == ("Appointment", "booked")
    assert confirmed.extra[FLOW_BLOCK]["items"] == [{"id": appointment["id"], "status": "booked"}]
    assert "schwester" not in json.dumps(confirmed.extra)

    cancel = block("cancel", items=[{"id": appointment["id"], "status": "cancelled"}]) | REQUEST
    answers = sends(practice, cancel)
    assert texts(answers)[1].text.startswith("Ihr Termin ist abgesagt")
    assert texts(answers)[1].extra["de.gematik.fhir.resource"]["cancelationReason"]["coding"][0]["code"] == "pat"
    assert statuses(sends(practice, cancel | block("cancel", items=cancel[FLOW_BLOCK]["items"]))) == ["error"]


def test_people_get_the_same_blocks(practice: Practice) -> None:
    (offer,) = texts(practice.hears("!termin"))
    assert offer.extra[FLOW_BLOCK]["step"] == "offer"
    assert offer.extra[FLOW_BLOCK]["actions"][0] == {"id": "1", "label": "1", "cmd": "!termin 1"}
    (confirmed,) = texts(practice.hears("1"))
    assert confirmed.extra[FLOW_BLOCK]["step"] == "confirm"
    assert confirmed.extra[FLOW_BLOCK]["case_id"] == offer.extra[FLOW_BLOCK]["case_id"]


def test_a_wish_within_a_window_is_heeded(practice: Practice) -> None:
    extra = offered(practice, window={"from": "2026-11-24", "to": "2026-11-24", "parts": ["pm"]})
    starts = [entry["resource"]["start"] for entry in extra["de.gematik.fhir.resource"]["entry"]]
    assert starts
    assert all(start.startswith("2026-11-24T1") and start[11:13] >= "12" for start in starts)
    (none,) = texts(sends(practice, block("query", window={"from": "2026-02-31", "to": "2026-03-01"})))
    assert none.text.startswith("Zurzeit ist leider kein Termin frei.")


def test_a_fhir_event_without_a_block_books_too(practice: Practice) -> None:
    slot = offered(practice)[FLOW_BLOCK]["items"][0]["id"]
    content = fhir({"status": "proposed", "slot": [{"identifier": {"value": f"urn:uuid:{slot}"}}]})
    answers = sends(practice, content | REQUEST, event_type="de.gematik.fhir")
    assert texts(answers)[0].text.startswith("Ihr Termin ist gebucht")
    assert statuses(answers) == ["success"]


def fhir(appointment: dict[str, Any], version: str = "4.0.1") -> dict[str, Any]:
    kind = {"url": "u", "version": "4.0.1", "type": "Appointment", "fhir_version": version}
    return {
        "de.gematik.text": [{"body": "Termin"}],
        "de.gematik.fhir.structure_definition": kind,
        "de.gematik.fhir.resource": {"resourceType": "Appointment", "id": str(UUID(int=1))} | appointment,
    }


def test_a_repeated_message_is_answered_once(practice: Practice) -> None:
    query = block("query") | REQUEST
    assert sends(practice, query)
    assert sends(practice, query) == []
    assert sends(practice, query, sender="@other:pflege.tim.test") != []


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (block("query", v=2), "Diese Daten eines Programms haben eine Version"),
        (block("query", v=99, flow="?"), "Diese Daten eines Programms haben eine Version"),
        (block("query", msg_id="x"), "Diese Daten eines Programms entsprechen nicht"),
        (block("surprise"), "Diese Art von Anfrage"),
        (block("query", flow="prescription"), "Diese Art von Anfrage"),
        ({FLOW_BLOCK: "x"}, "Diese Daten eines Programms entsprechen nicht"),
        ({"de.gematik.text": [{"body": "x"}]}, "Diese Art von Anfrage"),
        (fhir({"status": "proposed"}, version="5.0.0"), "Diese Daten eines Programms haben eine Version"),
        (fhir({"status": "noshow"}) | block("book"), "Diese Daten eines Programms widersprechen sich"),
        (
            fhir({"status": "cancelled"}) | block("cancel", items=[{"id": str(UUID(int=2)), "status": "cancelled"}]),
            "Diese Daten eines Programms widersprechen sich",
        ),
    ],
)
def test_what_is_not_understood_is_said_and_nothing_is_done(
    practice: Practice, content: dict[str, Any], text: str
) -> None:
    answers = sends(practice, content | REQUEST)
    (notice,) = texts(answers)
    assert notice.text.startswith(text)
    assert notice.is_notice
    assert FLOW_BLOCK not in notice.extra
    assert statuses(answers) == ["error"]


def test_nobody_books_what_was_not_offered_to_them(practice: Practice) -> None:
    slot = offered(practice)[FLOW_BLOCK]["items"][0]["id"]
    book = block("book", items=[{"id": slot, "status": "proposed"}])
    answers = sends(practice, book | REQUEST, sender="@thief:pflege.tim.test")
    assert texts(answers)[0].text.startswith("Diese Zeit stand nicht zur Wahl.")
    assert statuses(answers) == ["error"]
    practice.waits(minutes=31)
    late = block("book", items=[{"id": slot, "status": "proposed"}])
    assert texts(sends(practice, late))[0].text.startswith("Diese Zeit stand nicht zur Wahl.")


@pytest.mark.parametrize(
    ("request_block", "ago", "is_answered"),
    [
        ({"from_device": "A"}, timedelta(days=9), True),
        ({"from_device": "A", "to_device": ""}, timedelta(), True),
        ({"from_device": "A", "to_device": "OTHER"}, timedelta(), False),
        ({"from_device": "A", "lifetime": 1000}, timedelta(seconds=2), False),
        ({"from_device": "A", "lifetime": 10**30}, timedelta(seconds=2), True),
        ({"lifetime": 1000}, timedelta(), False),
        ("now!", timedelta(), False),
    ],
)
def test_a_status_is_given_to_those_who_ask_in_time(
    practice: Practice, request_block: Any, ago: timedelta, is_answered: bool
) -> None:
    answers = sends(practice, block("query") | {"de.gematik.request.status": request_block}, ago=ago)
    assert bool(statuses(answers)) is is_answered


@pytest.mark.parametrize("step", ["offer", "confirm", "reminder"])
def test_two_of_our_bots_do_not_talk_for_ever(practice: Practice, step: str) -> None:
    assert sends(practice, block(step)) == []


def test_a_response_is_never_answered(practice: Practice) -> None:
    message = Incoming(ROOM, "$r", BOT, MessageKind.STATUS, "", practice.now, STATUS, {})
    with practice.engine.begin() as connection:
        assert practice.flow.handle(connection, message) == ()


def test_steps_are_counted_per_procedure(practice: Practice) -> None:
    offered(practice)
    practice.says("!termin")
    practice.says("1")
    with practice.engine.begin() as connection:
        body = report(connection, practice.now)
    entry = {"Fachverfahren": "de.tim_suite.appointment", "Version": "v1"}
    assert body == {
        "start": "2026-11-23T07:00:00.000+00:00",
        "sent": [entry | {"Anzahl": 3}],
        "received": [entry | {"Anzahl": 1}],
    }


def test_the_appointment_examples_are_understood() -> None:
    """With the control block under our name."""
    for file in sorted(PAYLOADS.glob("A*_*.json")):
        content = json.loads(file.read_text(encoding="utf-8"))
        content[FLOW_BLOCK] = content.pop("org.example.tim.flow")
        step = read_step("m.room.message", content, "$e")
        assert isinstance(step, FlowStep), (file.name, step)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["Appointment", CASE, "proposed"]),
    lambda kids: (
        st.lists(kids, max_size=3)
        | st.dictionaries(st.sampled_from(["status", "slot", "identifier", "value", "id", "resourceType"]), kids)
    ),
    max_leaves=10,
)


@given(JSON, st.dictionaries(st.sampled_from(["v", "items", "msg_id", "step", "window"]), JSON))
def test_foreign_data_never_raises(resource: Any, change: dict[str, Any]) -> None:
    content = fhir({}) | block("book")
    content["de.gematik.fhir.resource"] = resource
    content[FLOW_BLOCK] |= change
    assert isinstance(read_step("de.gematik.fhir", content, "$e"), FlowStep | Refusal)
    del content[FLOW_BLOCK]
    assert isinstance(read_step("de.gematik.fhir", content, "$e"), FlowStep | Refusal)
