"""Reasons for declining."""

from tim_policy.prescription.decline import Reason


def test_three_reasons_lead_to_an_appointment() -> None:
    assert {reason for reason in Reason if reason.suggests_appointment} == {
        Reason.APPOINTMENT_NEEDED,
        Reason.THERAPY_CHANGED,
        Reason.CARD_NOT_READ,
    }
