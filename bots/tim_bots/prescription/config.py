"""Prescription requests, as the operator writes them."""

from typing import Annotated

from pydantic import Field

from tim_policy.settings import Settings


class PrescriptionConfig(Settings):
    """Lets care services ask for prescriptions with `!rezept`."""

    needs_doctor: bool = False
    """Only a doctor of the counter may accept or decline."""
    most_open: Annotated[int, Field(ge=1, le=1000)] = 60
    """So many requests of one room may be open at once."""
