"""The flow that a configuration asks for."""

from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.cipher import Cipher
from tim_bots.config import BotConfig
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow
from tim_bots.flow import Flow
from tim_bots.surroundings import Surroundings


def flow_of(config: BotConfig, cipher: Cipher, surroundings: Surroundings) -> Flow:
    """Put together what `bot.yaml` names."""
    return DialogueFlow(
        [AppointmentSkill(config.calendar, config.organisation, cipher)],
        config.organisation,
        cipher,
        greeting=Say("appointment-greeting"),
        contact=config.contact,
        staff_room=config.staff_room,
        has_polls=config.polls,
        own_device=surroundings.own_device,
    )
