"""Who may send which message: by the professionOID and Telematik-ID of the directory, never by what a message claims.

The official validator looks for relative references only, and so does not protect these rules (workflows 1.4).
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tim_policy.directory.profession import (
    CARE,
    DENTAL_PRACTICE,
    HOSPITAL,
    PHARMACY,
    PRACTICE,
    PSYCHOTHERAPY_PRACTICE,
)
from tim_policy.prescription.message import Step
from tim_policy.prescription.states import By

PRESCRIBERS = frozenset({PRACTICE, DENTAL_PRACTICE, HOSPITAL})
ASKED = PRESCRIBERS | {PSYCHOTHERAPY_PRACTICE}


@dataclass(frozen=True, slots=True)
class Rights:
    """professionOIDs of one step.

    Args:
        sender: any of these may send it.
        receiver: any of these may receive it.
    """

    sender: frozenset[str]
    receiver: frozenset[str]


_REQUESTERS = frozenset({CARE, PHARMACY})
RIGHTS: Mapping[Step, Rights] = MappingProxyType(
    {
        Step.REQUEST: Rights(_REQUESTERS, ASKED),
        Step.CANCEL: Rights(_REQUESTERS, ASKED),
        Step.CONFIRM: Rights(PRESCRIBERS, _REQUESTERS),
        Step.DECLINE: Rights(ASKED, _REQUESTERS),
        Step.DISPENSE_REQUEST: Rights(frozenset({CARE}), frozenset({PHARMACY})),
        Step.DISPENSE_CONFIRM: Rights(frozenset({PHARMACY}), frozenset({CARE})),
        Step.COPY: Rights(PRESCRIBERS | {PHARMACY}, frozenset({CARE})),
    }
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """What the directory vouches for.

    Args:
        telematik_id: of the organisation.
        profession_oids: what it is; empty: unknown, and then it may do nothing.
    """

    telematik_id: str
    profession_oids: frozenset[str]


class Admission(enum.StrEnum):
    """Whether a message is looked into."""

    ADMITTED = "admitted"
    UNVERIFIED = "unverified"
    """The directory does not vouch for the sender."""
    FORGED = "forged"
    """The message names another sender than the directory."""
    NOT_ENTITLED = "not_entitled"
    """Organisations of this kind may not do this step, or not towards us."""
    NOT_ASKED = "not_asked"
    """An answer from somebody else than was asked."""
    REPEATED = "repeated"
    """This message came before."""

    @property
    def is_answered_without_data(self) -> bool:
        """Only a general text goes back, nothing of the message, and it is audited."""
        return self not in {Admission.ADMITTED, Admission.REPEATED}


def admit(
    step: Step,
    sender: Organisation | None,
    receiver: Organisation,
    claimed_telematik_id: str,
    counterpart_telematik_id: str | None,
    *,
    is_known: bool,
) -> Admission:
    """Judge the sender of a message, in the order of workflows 1.2.

    Args:
        step: of the message.
        sender: behind the Matrix user id, by the directory; None: not vouched for.
        receiver: we.
        claimed_telematik_id: `MessageHeader.sender`.
        counterpart_telematik_id: for all but first messages: the other side of the case, as stored when it was
            opened. None: the case is new, or not known.
        is_known: the message id was seen before.
    """
    if sender is None:
        return Admission.UNVERIFIED
    if not claimed_telematik_id or claimed_telematik_id != sender.telematik_id:
        return Admission.FORGED
    rights = RIGHTS[step]
    if not (sender.profession_oids & rights.sender and receiver.profession_oids & rights.receiver):
        return Admission.NOT_ENTITLED
    is_first = step in {Step.REQUEST, Step.DISPENSE_REQUEST, Step.COPY}
    if counterpart_telematik_id != sender.telematik_id and not (is_first and counterpart_telematik_id is None):
        return Admission.NOT_ASKED
    return Admission.REPEATED if is_known else Admission.ADMITTED


def side_of(step: Step, sender: Organisation) -> By | None:
    """The side that a sender of this step is on; None: none that may send it."""
    if not sender.profession_oids & RIGHTS[step].sender:
        return None
    match step:
        case Step.CONFIRM | Step.DECLINE:
            return By.PRACTICE
        case Step.DISPENSE_CONFIRM:
            return By.DISPENSING_PHARMACY
        case Step.COPY:
            return None
    return By.CARE_SERVICE if CARE in sender.profession_oids else By.REQUESTING_PHARMACY
