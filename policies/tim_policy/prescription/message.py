"""The messages of `de.gematik.erp-servicerequest` 1.2.0: event codes, FHIR statuses, and which event each one is."""

import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tim_policy.prescription.states import Event

EVENT_SYSTEM: Final = "https://gematik.de/fhir/atf/CodeSystem/service-identifier-cs"
PREFIX: Final = "eRezept_Rezeptanforderung;"
PARENTERAL_PREFIX: Final = "eRezept_ParenteraleZubereitung;"


class Step(enum.StrEnum):
    """What a message is; the value is the suffix of its event code."""

    REQUEST = "Rezeptanfrage"
    CONFIRM = "Rezeptbestaetigung"
    DECLINE = "Rezeptanfrage_Ablehnung"
    CANCEL = "Rezeptanfrage_Storno"
    DISPENSE_REQUEST = "Abgabeanfrage"
    DISPENSE_CONFIRM = "Abgabebestaetigung"
    COPY = "NachrichtKopie"


class Status(enum.StrEnum):
    """FHIR ServiceRequest.status, as far as the profiles use it."""

    ACTIVE = "active"
    COMPLETED = "completed"
    REVOKED = "revoked"
    ENTERED_IN_ERROR = "entered-in-error"


_OTHER_NAMES = {"message-copy": Step.COPY}
_PARENTERAL = frozenset({Step.REQUEST, Step.CANCEL, Step.CONFIRM})


def step_of(code: str) -> Step | None:
    """The step of an event code; None if it is none of ours."""
    for prefix, known in ((PREFIX, frozenset(Step)), (PARENTERAL_PREFIX, _PARENTERAL)):
        if code.startswith(prefix):
            suffix = code.removeprefix(prefix)
            step = _OTHER_NAMES.get(suffix) or (Step(suffix) if suffix in set(Step) else None)
            return step if step in known else None
    return None


_EVENTS: Mapping[tuple[Step, Status], Event] = MappingProxyType(
    {
        (Step.REQUEST, Status.ACTIVE): Event.SEND,
        (Step.CONFIRM, Status.COMPLETED): Event.CONFIRM,
        (Step.CONFIRM, Status.REVOKED): Event.DECLINE,
        (Step.DECLINE, Status.REVOKED): Event.DECLINE,
        (Step.CANCEL, Status.ENTERED_IN_ERROR): Event.CANCEL,
        (Step.CANCEL, Status.REVOKED): Event.CANCEL,
        (Step.DISPENSE_REQUEST, Status.ACTIVE): Event.REQUEST_DISPENSE,
        (Step.DISPENSE_CONFIRM, Status.COMPLETED): Event.DISPENSED,
        (Step.DISPENSE_CONFIRM, Status.REVOKED): Event.DISPENSE_DECLINED,
    }
)


def event_of(step: Step, status: Status, *, is_from_practice: bool, is_redeemed_by_patient: bool) -> Event | None:
    """What one item of a message means; None: step and status contradict each other, and a person is asked.

    Args:
        step: of the message.
        status: of the item; it decides where the specification contradicts itself.
        is_from_practice: a practice that sends a cancellation code with `revoked` declines.
        is_redeemed_by_patient: the item says so.
    """
    event = _EVENTS.get((step, status))
    if event is Event.CANCEL and is_from_practice:
        return Event.DECLINE if status is Status.REVOKED else None
    if event is Event.CONFIRM and is_redeemed_by_patient:
        return Event.CONFIRM_PATIENT
    return event
