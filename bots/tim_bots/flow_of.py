"""The flow that a configuration asks for."""

from typing import Any

from tim_bots.appointment.skill import AppointmentSkill
from tim_bots.cipher import Cipher
from tim_bots.config import BotConfig
from tim_bots.counter.counter import Counter
from tim_bots.counter.desk import CounterDesk
from tim_bots.counter.meeting import Meetings
from tim_bots.counter.person_wanted import PersonWanted
from tim_bots.dialogue.dialogue import Say
from tim_bots.dialogue.flow import DialogueFlow, Opening
from tim_bots.dialogue.skill import Skill
from tim_bots.directory.role_book import RoleBook
from tim_bots.flow import Flow
from tim_bots.messages import DEFAULT_LANGUAGE, say
from tim_bots.persons.access import AccessRules
from tim_bots.persons.consents import ConsentBook
from tim_bots.persons.desk import PersonDesk
from tim_bots.persons.pins import PinBook
from tim_bots.persons.skill import ConsentSkill
from tim_bots.prescription.requests import PrescriptionRequests
from tim_bots.prescription.skill import PrescriptionSkill
from tim_bots.surroundings import Surroundings
from tim_bots.triage.desk import Desk
from tim_bots.triage.dialogue import first_question
from tim_bots.triage.skill import TriageSkill


def flow_of(config: BotConfig, cipher: Cipher, surroundings: Surroundings) -> Flow:
    """Put together what `bot.yaml` names."""
    skills: list[Skill[Any]] = []
    roles = None if config.directory is None else RoleBook()
    counter = _counter(config, cipher)
    person_wanted = None
    if counter is not None:
        person_wanted = PersonWanted(counter, cipher, config.organisation)
        counter.register(person_wanted)
    desk, opening = _desk(config, cipher, person_wanted), None
    if config.prescription is not None and counter is not None and roles is not None:
        requests = PrescriptionRequests(config.prescription, counter, config.organisation)
        counter.register(requests)
        skills.append(PrescriptionSkill(requests, roles))
    pins = PinBook(cipher)
    if config.calendar is not None:
        skills.append(AppointmentSkill(config.calendar, config.organisation, cipher, roles=roles, pins=pins))
    if desk is not None:
        triage = TriageSkill(desk, roles)
        skills.append(triage)
        opening = Opening(triage, first_question)
    consents = _consents(config, cipher)
    if consents is not None:
        skills.append(ConsentSkill(consents, pins))
    access = None
    if config.persons is not None:
        access = AccessRules(config.persons, pins, consents)
    flow = DialogueFlow(
        skills,
        config.organisation,
        cipher,
        greeting=Say("appointment-greeting" if desk is None else "triage-greeting"),
        contact=config.contact,
        staff_room=config.staff_room,
        has_polls=config.polls,
        desk=desk,
        opening=opening,
        roles=roles,
        persons=None if config.persons is None else PersonDesk(pins, consents),
        access=access,
        own_device=surroundings.own_device,
        counter=person_wanted,
    )
    if counter is None:
        return flow
    return CounterDesk(counter, flow, config.organisation, Meetings(counter, cipher, config.organisation))


def _counter(config: BotConfig, cipher: Cipher) -> Counter | None:
    if config.counter is None or config.staff_room is None:
        return None
    return Counter(config.counter, cipher, config.staff_room)


def _consents(config: BotConfig, cipher: Cipher) -> ConsentBook | None:
    text = config.persons.consent if config.persons is not None else None
    return None if text is None else ConsentBook(cipher, text, "appointment")


def _desk(config: BotConfig, cipher: Cipher, counter: PersonWanted | None) -> Desk | None:
    if config.staff is None:
        return None

    def fill_in(what: Say) -> str:
        return say(what.message_id, DEFAULT_LANGUAGE, **{"practice": config.organisation} | dict(what.args))

    return Desk(config.staff, cipher, fill_in, staff_room=config.staff_room, contact=config.contact, counter=counter)
