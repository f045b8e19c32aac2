"""The appointment bot: the dialogue flow with appointments as its only skill."""

from collections.abc import Callable
from datetime import UTC, datetime

from tim_bots.appointment.config import CalendarConfig
from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.cipher import Cipher
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AppointmentFlow(DialogueFlow):
    """Offers, books, lists and cancels appointments (a `tim_bots.flow.Flow`).

    Args:
        calendar: opening hours and the rest of the practice's configuration.
        practice_name: how the practice is called in texts and calendar files.
        cipher: seals and hashes what identifies people.
        clock: returns the current time, timezone-aware.
    """

    def __init__(
        self,
        calendar: CalendarConfig,
        practice_name: str,
        cipher: Cipher,
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        skill = AppointmentSkill(calendar, practice_name, cipher)
        super().__init__([skill], practice_name, cipher, greeting=Say("appointment-greeting"), clock=clock)
