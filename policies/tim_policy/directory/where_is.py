"""Check level 3 of TI-M 1.1: in which part of the directory inviter and invitee stand (operation `whereIs`).

I_VZD_TIM_Provider_Services 1.4.0, `/localization`; the answers are those of its schema, and nothing else counts.
"""

import enum
import json
from dataclasses import dataclass

from tim_policy.errors import TimError


class UnreadableDirectoryPart(TimError):
    """The directory's answer is none of its schema; the text does not repeat it."""


class DirectoryPart(enum.StrEnum):
    """Where a Matrix address is listed: organisations' services, practitioners, both, or nowhere."""

    ORGANISATION = "org"
    PRACTITIONER = "pract"
    BOTH = "orgPract"
    NONE = "none"

    @property
    def is_organisation(self) -> bool:
        """Listed as a service of an organisation."""
        return self in (DirectoryPart.ORGANISATION, DirectoryPart.BOTH)

    @property
    def is_practitioner(self) -> bool:
        """Listed as a practitioner."""
        return self in (DirectoryPart.PRACTITIONER, DirectoryPart.BOTH)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What the directory answered about an invite; inviter None: the invitee's own part decides already."""

    invitee: DirectoryPart
    inviter: DirectoryPart | None = None

    @property
    def admits(self) -> bool:
        """The invitee offers herself as an organisation's service, or both are practitioners."""
        if self.invitee.is_organisation:
            return True
        return self.invitee.is_practitioner and self.inviter is not None and self.inviter.is_practitioner

    @property
    def needs_inviter(self) -> bool:
        """Whether the inviter's part is missing to decide."""
        return self.inviter is None and self.invitee is DirectoryPart.PRACTITIONER


def parse_directory_part(body: bytes) -> DirectoryPart:
    """Read the body of an answer.

    Raises:
        UnreadableDirectoryPart: no JSON string of the schema.
    """
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    for part in DirectoryPart:
        if isinstance(value, str) and part.value == value:
            return part
    raise UnreadableDirectoryPart("no part of the directory (expected: org, pract, orgPract or none)")
