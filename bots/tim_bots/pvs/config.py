"""The hand-over folders as the operator writes them."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, model_validator

from tim_bots.triage.config import Key
from tim_policy.settings import Settings

GdtName = Annotated[str, Field(pattern=r"^[A-Z0-9]{4,8}$")]


class PvsConfig(Settings):
    """Folders on this machine; what lies in them is not encrypted, so keep them on an encrypted disk."""

    out_dir: Path
    """Here the bot puts each request of the counter: PDF, FHIR (JSON) and, last, a GDT record."""
    in_dir: Path
    """Here the practice's software puts decisions: a FHIR Task (JSON or XML) or a GDT record with its PDF."""
    member: Key
    """In whose name of `counter.members` decisions from `in_dir` are made."""
    gdt_sender: GdtName = "TIMBOT1"
    """GDT id of the bot (field 8316)."""
    gdt_receiver: GdtName = "PRAXIS1"
    """GDT id of the practice's software (field 8315)."""

    @model_validator(mode="after")
    def _two_folders(self) -> Self:
        if self.out_dir == self.in_dir:
            raise ValueError("in_dir: must be another folder than out_dir")
        return self
