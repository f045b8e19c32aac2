"""Flow types of E-Rezepte: what may be carried, and how long a token can be redeemed (workflows 1.9)."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType

from tim_policy.prescription.identifiers import PrescriptionId


class Carriage(enum.StrEnum):
    """Whether we carry a token of a flow type."""

    CARRIED = "carried"
    NARCOTIC = "narcotic"
    """BtM: the E-Rezept service does not take them yet."""
    T_PRESCRIPTION = "t_prescription"
    """§ 3a AMVV."""
    NOT_FOR_PHARMACIES = "not_for_pharmacies"
    """Digital health applications."""
    UNKNOWN = "unknown"
    """Refused, as everything that is not known."""


@dataclass(frozen=True, slots=True)
class FlowType:
    """One flow type.

    Args:
        carriage: whether tokens are carried.
        redeemable_days: so many days after it was issued a pharmacy may accept it at the latest; None: not ours to
            count. A shorter limit that the practice names counts.
    """

    carriage: Carriage
    redeemable_days: int | None = None


_INSURED_BY_LAW = FlowType(Carriage.CARRIED, 28)
_PRIVATE = FlowType(Carriage.CARRIED, 90)
FLOW_TYPES: Mapping[str, FlowType] = MappingProxyType(
    {
        "160": _INSURED_BY_LAW,
        "169": _INSURED_BY_LAW,
        "200": _PRIVATE,
        "209": _PRIVATE,
        "162": FlowType(Carriage.NOT_FOR_PHARMACIES),
        "165": FlowType(Carriage.NARCOTIC),
        "166": FlowType(Carriage.T_PRESCRIPTION),
    }
)
_UNKNOWN = FlowType(Carriage.UNKNOWN)


def flow_type(prescription_id: PrescriptionId) -> FlowType:
    """The flow type of a prescription; one that is not known is not carried."""
    return FLOW_TYPES.get(prescription_id.flow_type, _UNKNOWN)


def redeemable_until(prescription_id: PrescriptionId, issued: date, named: date | None = None) -> date | None:
    """The last day on which a token is of use, and after which it is deleted; None: it is not carried.

    Args:
        prescription_id: tells the flow type.
        issued: the day of issue.
        named: a limit that the practice named (discharge, part of a series); the earlier one counts.
    """
    days = flow_type(prescription_id).redeemable_days
    if days is None:
        return None
    last = issued + timedelta(days=days)
    return last if named is None else min(last, named)
