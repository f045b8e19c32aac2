"""The `interfaces:` block of the module's configuration: what clients of this homeserver are offered, and where."""

from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from tim_policy.settings import Settings

_RESERVED = ("/_matrix", "/_synapse", "/.well-known", "/health")

BasePath = Annotated[str, StringConstraints(pattern=r"^(/[A-Za-z0-9._~-]+)+$")]


class SupportContact(Settings):
    """One contact of `/.well-known/matrix/support` (Matrix specification, "Getting support contacts").

    Args:
        role: `m.role.admin`, `m.role.security`, or one with a namespace of its own.
        email_address, matrix_id: how to reach it; at least one of both.
    """

    role: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$")]
    email_address: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    matrix_id: Annotated[str, StringConstraints(pattern=r"^@[^:\s]+:\S+$")] | None = None

    @model_validator(mode="after")
    def _reachable(self) -> "SupportContact":
        if self.email_address is None and self.matrix_id is None:
            raise ValueError("expected email_address or matrix_id")
        return self


class SupportConfig(Settings):
    """What `/.well-known/matrix/support` says (A_26265).

    Args:
        contacts: who helps; may be empty when there is a page.
        support_page: address of a web page.
    """

    contacts: tuple[SupportContact, ...] = ()
    support_page: Annotated[str, StringConstraints(pattern=r"^https://\S+$")] | None = None

    @model_validator(mode="after")
    def _not_empty(self) -> "SupportConfig":
        if not self.contacts and self.support_page is None:
            raise ValueError("expected contacts or support_page")
        return self


class InterfacesConfig(Settings):
    """The whole block. A path is where the interface begins; null: this homeserver does not offer it.

    Args:
        operator: name of whoever runs the homeserver, for the description of the interfaces.
        contact: how to reach them, for the same.
        information: TiMessengerInformation; only where the profile has it.
        contact_management: TiMessengerContactManagement; only where the profile knows contact lists.
        client_report: Structured Data Client Report.
        support: see `SupportConfig`; 1.2 demands it.
    """

    operator: str | None = None
    contact: str | None = None
    information: BasePath | None = "/tim-information"
    contact_management: BasePath | None = "/tim-contact-mgmt/v1.0.2"
    client_report: BasePath | None = "/tim-client-report"
    support: SupportConfig | None = Field(default=None)

    @model_validator(mode="after")
    def _apart(self) -> "InterfacesConfig":
        paths = [path for path in (self.information, self.contact_management, self.client_report) if path is not None]
        for path in paths:
            if any(_is_below(path, reserved) for reserved in _RESERVED):
                raise ValueError(f"{path} belongs to Synapse; expected another path, for example /tim-information")
        for path in paths:
            others = list(paths)
            others.remove(path)
            if any(_is_below(path, other) for other in others):
                raise ValueError(f"{path} is the path of two interfaces, or lies below another one's")
        return self


def _is_below(path: str, other: str) -> bool:
    return path == other or path.startswith(other + "/")
