"""Reasons for which practices decline a request (workflows 1.10); what they are called is in the catalogue."""

import enum


class Reason(enum.StrEnum):
    """Why it is not prescribed."""

    APPOINTMENT_NEEDED = "appointment_needed"
    NOT_MY_PATIENT = "not_my_patient"
    TOO_EARLY = "too_early"
    """There is supply left."""
    THERAPY_CHANGED = "therapy_changed"
    CARD_NOT_READ = "card_not_read"
    """The health card was not read in this quarter."""
    OTHER = "other"

    @property
    def suggests_appointment(self) -> bool:
        """Whether the answer offers an appointment along with it."""
        return self in {Reason.APPOINTMENT_NEEDED, Reason.THERAPY_CHANGED, Reason.CARD_NOT_READ}
