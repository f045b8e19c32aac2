"""Flow types: what is carried, and how long it is of use."""

from datetime import date

import pytest

from tim_policy.prescription.flow_type import Carriage, flow_type, redeemable_until
from tim_policy.prescription.identifiers import PrescriptionId, read_prescription_id


def _id(kind: str) -> PrescriptionId:
    found = read_prescription_id(f"{kind}.000.000.004.711.00")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("kind", "carriage", "last"),
    [
        ("160", Carriage.CARRIED, date(2026, 3, 30)),
        ("169", Carriage.CARRIED, date(2026, 3, 30)),
        ("200", Carriage.CARRIED, date(2026, 5, 31)),
        ("209", Carriage.CARRIED, date(2026, 5, 31)),
        ("162", Carriage.NOT_FOR_PHARMACIES, None),
        ("165", Carriage.NARCOTIC, None),
        ("166", Carriage.T_PRESCRIPTION, None),
        ("000", Carriage.UNKNOWN, None),
        ("999", Carriage.UNKNOWN, None),
    ],
)
def test_flow_types(kind: str, carriage: Carriage, last: date | None) -> None:
    assert flow_type(_id(kind)).carriage is carriage
    assert redeemable_until(_id(kind), date(2026, 3, 2)) == last


def test_the_shorter_limit_counts() -> None:
    issued = date(2026, 3, 2)
    assert redeemable_until(_id("160"), issued, date(2026, 3, 5)) == date(2026, 3, 5)
    assert redeemable_until(_id("160"), issued, date(2027, 3, 5)) == date(2026, 3, 30)
    assert redeemable_until(_id("165"), issued, date(2026, 3, 5)) is None
