"""Event codes and statuses: what a message means, and what is asked back about."""

import pytest

from tim_policy.prescription.message import PARENTERAL_PREFIX, PREFIX, Status, Step, event_of, step_of
from tim_policy.prescription.states import Event


@pytest.mark.parametrize("step", Step)
def test_codes_are_read(step: Step) -> None:
    assert step_of(PREFIX + step) is step
    parenteral = {Step.REQUEST, Step.CANCEL, Step.CONFIRM}
    assert step_of(PARENTERAL_PREFIX + step) is (step if step in parenteral else None)


def test_the_copy_has_two_names() -> None:
    assert step_of(f"{PREFIX}message-copy") is Step.COPY


@pytest.mark.parametrize("code", ["", "Rezeptanfrage", PREFIX, f"{PREFIX}Rezeptanfrage ", f"{PREFIX}rezeptanfrage"])
def test_other_codes_are_not_guessed(code: str) -> None:
    assert step_of(code) is None


def _event(step: Step, status: Status, *, is_from_practice: bool = False, by_patient: bool = False) -> Event | None:
    return event_of(step, status, is_from_practice=is_from_practice, is_redeemed_by_patient=by_patient)


def test_the_status_decides_where_the_specification_contradicts_itself() -> None:
    assert _event(Step.CANCEL, Status.REVOKED, is_from_practice=True) is Event.DECLINE
    assert _event(Step.DECLINE, Status.REVOKED, is_from_practice=True) is Event.DECLINE
    assert _event(Step.CONFIRM, Status.REVOKED, is_from_practice=True) is Event.DECLINE
    assert _event(Step.CANCEL, Status.REVOKED) is Event.CANCEL
    assert _event(Step.CANCEL, Status.ENTERED_IN_ERROR) is Event.CANCEL


def test_a_practice_cannot_cancel_a_request_and_no_decline_is_a_confirmation() -> None:
    assert _event(Step.CANCEL, Status.ENTERED_IN_ERROR, is_from_practice=True) is None
    assert _event(Step.DECLINE, Status.COMPLETED, is_from_practice=True) is None
    assert _event(Step.CONFIRM, Status.ACTIVE, is_from_practice=True) is None
    assert _event(Step.REQUEST, Status.COMPLETED) is None


def test_who_redeems() -> None:
    assert _event(Step.CONFIRM, Status.COMPLETED, is_from_practice=True) is Event.CONFIRM
    assert _event(Step.CONFIRM, Status.COMPLETED, is_from_practice=True, by_patient=True) is Event.CONFIRM_PATIENT
    assert _event(Step.DISPENSE_CONFIRM, Status.COMPLETED) is Event.DISPENSED
    assert _event(Step.DISPENSE_CONFIRM, Status.REVOKED) is Event.DISPENSE_DECLINED
