"""Who may send which message: the directory counts, not the message."""

from itertools import product

import pytest

from tim_policy.directory.profession import CARE, DENTAL_PRACTICE, HOSPITAL, INSURER, PHARMACY, PRACTICE
from tim_policy.prescription.message import Step
from tim_policy.prescription.sender import RIGHTS, Admission, Organisation, admit, side_of
from tim_policy.prescription.states import By


def _organisation(telematik_id: str, *oids: str) -> Organisation:
    return Organisation(telematik_id, frozenset(oids))


NURSES = _organisation("5-2-TEST-0001", CARE)
DOCTORS = _organisation("1-2-TEST-0002", PRACTICE)
CHEMIST = _organisation("3-2-TEST-0003", PHARMACY)
INSURANCE = _organisation("8-TEST-0004", INSURER)
NOBODY = _organisation("5-2-TEST-0005")


def _admit(
    step: Step,
    sender: Organisation | None,
    receiver: Organisation,
    *,
    claimed: str | None = None,
    counterpart: str | None = None,
    is_known: bool = False,
) -> Admission:
    claimed = claimed if claimed is not None else sender.telematik_id if sender else ""
    return admit(step, sender, receiver, claimed, counterpart, is_known=is_known)


@pytest.mark.parametrize(
    ("step", "sender", "receiver"),
    [
        (Step.REQUEST, NURSES, DOCTORS),
        (Step.REQUEST, CHEMIST, DOCTORS),
        (Step.CANCEL, NURSES, DOCTORS),
        (Step.CONFIRM, DOCTORS, NURSES),
        (Step.DECLINE, DOCTORS, CHEMIST),
        (Step.DISPENSE_REQUEST, NURSES, CHEMIST),
        (Step.DISPENSE_CONFIRM, CHEMIST, NURSES),
        (Step.COPY, CHEMIST, NURSES),
    ],
)
def test_those_who_may_are_admitted(step: Step, sender: Organisation, receiver: Organisation) -> None:
    assert _admit(step, sender, receiver, counterpart=sender.telematik_id) is Admission.ADMITTED


def test_everybody_else_is_not() -> None:
    everybody = (NURSES, DOCTORS, CHEMIST, INSURANCE, NOBODY)
    for step, sender, receiver in product(Step, everybody, everybody):
        may = bool(sender.profession_oids & RIGHTS[step].sender and receiver.profession_oids & RIGHTS[step].receiver)
        verdict = _admit(step, sender, receiver, counterpart=sender.telematik_id)
        assert verdict is (Admission.ADMITTED if may else Admission.NOT_ENTITLED), (step, sender, receiver)


@pytest.mark.parametrize("step", [Step.CONFIRM, Step.DISPENSE_CONFIRM, Step.DISPENSE_REQUEST])
def test_a_nurse_is_no_practice_and_a_practice_asks_no_pharmacy(step: Step) -> None:
    wrong = DOCTORS if step is Step.DISPENSE_REQUEST else NURSES
    assert _admit(step, wrong, CHEMIST, counterpart=wrong.telematik_id) is Admission.NOT_ENTITLED


def test_attack_a_nurse_claims_to_be_a_pharmacy() -> None:
    verdict = _admit(Step.DISPENSE_CONFIRM, NURSES, NURSES, claimed=CHEMIST.telematik_id)
    assert verdict is Admission.FORGED
    assert verdict.is_answered_without_data


@pytest.mark.parametrize("claimed", ["", "1-2-TEST-0009", " 1-2-TEST-0002", "1-2-TEST-0002\n", "1-2-test-0002"])
def test_attack_another_telematik_id(claimed: str) -> None:
    assert _admit(Step.CONFIRM, DOCTORS, NURSES, claimed=claimed, counterpart="1-2-TEST-0002") is Admission.FORGED


def test_attack_an_answer_of_a_practice_that_was_not_asked() -> None:
    other = _organisation("1-2-TEST-0099", PRACTICE)
    assert _admit(Step.CONFIRM, other, NURSES, counterpart=DOCTORS.telematik_id) is Admission.NOT_ASKED
    assert _admit(Step.CONFIRM, other, NURSES, counterpart=None) is Admission.NOT_ASKED


def test_attack_a_request_into_the_case_of_another_care_service() -> None:
    other = _organisation("5-2-TEST-0099", CARE)
    assert _admit(Step.REQUEST, other, DOCTORS, counterpart=NURSES.telematik_id) is Admission.NOT_ASKED
    assert _admit(Step.CANCEL, other, DOCTORS, counterpart=NURSES.telematik_id) is Admission.NOT_ASKED


def test_nobody_vouches_for_the_sender() -> None:
    assert _admit(Step.REQUEST, None, DOCTORS, claimed=NURSES.telematik_id) is Admission.UNVERIFIED


def test_a_message_that_came_before_is_silent_but_a_forged_one_is_not() -> None:
    assert _admit(Step.REQUEST, NURSES, DOCTORS, is_known=True) is Admission.REPEATED
    assert not Admission.REPEATED.is_answered_without_data
    assert _admit(Step.REQUEST, NURSES, DOCTORS, claimed="x", is_known=True) is Admission.FORGED


def test_sides() -> None:
    assert side_of(Step.REQUEST, NURSES) is By.CARE_SERVICE
    assert side_of(Step.REQUEST, CHEMIST) is By.REQUESTING_PHARMACY
    assert side_of(Step.DISPENSE_CONFIRM, CHEMIST) is By.DISPENSING_PHARMACY
    for oid in (PRACTICE, DENTAL_PRACTICE, HOSPITAL):
        assert side_of(Step.CONFIRM, _organisation("1", oid)) is By.PRACTICE
    assert side_of(Step.CONFIRM, NURSES) is None
    assert side_of(Step.COPY, CHEMIST) is None
