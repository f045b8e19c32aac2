"""What must be known about a person, per dialogue, as the operator writes it."""

import enum
from datetime import timedelta
from typing import Annotated

from pydantic import Field

from tim_policy.settings import Settings
from tim_policy.units import Duration

ServerName = Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]{1,5})?$", max_length=255)]


class Identity(enum.StrEnum):
    """A way in which a person can have proven who they are."""

    PIN = "pin"
    """A one-time PIN that the practice handed out."""
    VERIFIED = "verified"
    """The practice compared a Matrix verification with the person, and said so with `tim bot pin verified`."""
    INSURER = "insurer"
    """An account on the homeserver of an insurer, which identifies the insured before it gives out accounts."""


class Needs(Settings):
    """What a dialogue needs before it begins.

    Args of the configuration: any one of `identity` is enough; empty: nobody has to prove anything.
    """

    identity: tuple[Identity, ...] = ()
    consent: bool = False


class ConsentText(Settings):
    """The text that people consent to."""

    version: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,40}$")]
    """Raised with each change of the text; who consented to another version is asked again."""
    text: Annotated[str, Field(min_length=20, max_length=2000)]
    """What for, which data, how long; in plain words."""
    uri: Annotated[str, Field(pattern=r"^https://[^\s]+$", max_length=500)] | None = None
    """Where the text is published."""
    lifetime: Duration = timedelta(days=365)
    """After it, people are asked again."""


class PersonsConfig(Settings):
    """How people prove who they are."""

    pin_lifetime: Duration = timedelta(days=7)
    insurer_servers: tuple[ServerName, ...] = ()
    """Server names of insurers whose accounts belong to identified people."""
    consent: ConsentText | None = None
    appointment: Needs = Needs()
    """What is needed to book, see and cancel appointments."""
