"""What can go wrong with the directory; one class per cause. Texts name operation and remedy, never foreign content."""

from tim_policy.errors import TimError


class DirectoryError(TimError):
    """The directory did not do what it was asked for."""


class Unavailable(DirectoryError):
    """It does not answer in time, or says that it cannot at the moment; worth another attempt later."""


class Garbage(DirectoryError):
    """It answers with something else than its interface promises."""


class Unauthorised(DirectoryError):
    """It does not accept who asks: a token that cannot be had, or is refused although it is new."""


class Refused(DirectoryError):
    """It understood and refuses; asking again changes nothing.

    Args:
        text: where and why, without foreign content.
        status: HTTP.
        details: what the directory said, one line each; foreign text, for the person who asked, not for logs.
    """

    def __init__(self, text: str, status: int, details: tuple[str, ...] = ()) -> None:
        super().__init__(text)
        self.status = status
        self.details = details


class NotFound(Refused):
    """There is no such thing, or it is gone."""


class Conflict(Refused):
    """It exists already, or something else refers to it."""


class InvalidEntry(DirectoryError):
    """An entry that was to be written is no valid FHIR resource; the text names the field."""
