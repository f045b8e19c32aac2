"""What a TI-M provider does at the directory: domains of the federation, and who is where (rulebook 2.1)."""

import enum
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tim_directory.errors import Garbage, NotFound
from tim_directory.tokens import Authorised
from tim_directory.transport import Request
from tim_policy.directory.address import matrix_uri
from tim_policy.names import ServerName, UserId

SERVICES = "/tim-provider-services"
LIST = f"{SERVICES}/FederationList/federationList.jws"


class Domain(BaseModel):
    """A server's entry; the names of the wire are camel case (schema Domain)."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    domain: str
    telematik_id: str = Field(alias="telematikID")
    is_insurance: bool = Field(False, alias="isInsurance")
    ik: tuple[str, ...] | None = None
    provider: str | None = Field(None, alias="timAnbieter")
    """Set by the directory."""
    redirect_domains: tuple[str, ...] | None = Field(None, alias="redirectDomains")

    def wire(self) -> dict[str, Any]:
        """As the directory takes it."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"provider"})


class Whereabouts(enum.StrEnum):
    """Which part of the directory knows an address."""

    ORGANISATION = "org"
    PRACTITIONER = "pract"
    BOTH = "orgPract"
    NONE = "none"


class ProviderOperations:
    """Operations of one provider.

    Args:
        directory: with tokens of the provider.
    """

    def __init__(self, directory: Authorised) -> None:
        self._directory = directory

    async def domains(self) -> tuple[Domain, ...]:
        """All domains of this provider.

        Raises:
            DirectoryError: not read.
        """
        answer = await self._directory.ask(Request("domains", "GET", f"{SERVICES}/federation"))
        return _domains(answer or [])

    async def domain(self, server_name: ServerName) -> Domain | None:
        """One domain of this provider; None: it has no such domain.

        Raises:
            DirectoryError: not read.
        """
        query = [("domain", server_name)]
        try:
            answer = await self._directory.ask(Request("domain", "GET", f"{SERVICES}/federation", query))
        except NotFound:
            return None
        return next((one for one in _domains(answer or []) if one.domain.lower() == server_name), None)

    async def add_domain(self, domain: Domain) -> Domain:
        """Put a domain on the federation list.

        Raises:
            Conflict: it is there already, or an institution code is used twice.
            DirectoryError: not added.
        """
        request = Request("add domain", "POST", f"{SERVICES}/federation", body=domain.wire())
        return _domain(await self._directory.ask(request))

    async def change_domain(self, domain: Domain) -> Domain:
        """Replace the entry of a domain.

        Raises:
            NotFound: there is none.
            DirectoryError: not changed.
        """
        return _domain(
            await self._directory.ask(Request("change domain", "PUT", _path(domain.domain), body=domain.wire()))
        )

    async def remove_domain(self, server_name: str) -> None:
        """Take a domain off the federation list.

        Raises:
            NotFound: it is not there.
            DirectoryError: not removed.
        """
        await self._directory.ask(Request("remove domain", "DELETE", _path(server_name)))

    async def inactive_domains(self) -> tuple[Domain, ...]:
        """Own domains whose organisation is not active any more (`federationCheck`); asked once a day.

        Raises:
            DirectoryError: not read.
        """
        answer = await self._directory.ask(Request("federation check", "GET", f"{SERVICES}/federationCheck"))
        if answer is None:
            return ()
        return _domains(answer.get("inactiveOrganizationDomains", []) if isinstance(answer, dict) else answer)

    async def where_is(self, user_id: UserId) -> Whereabouts:
        """Which part of the directory knows an address (`whereIs`).

        Raises:
            DirectoryError: not found out.
        """
        request = Request("whereIs", "GET", f"{SERVICES}/localization", [("mxid", matrix_uri(user_id))])
        try:
            answer = await self._directory.ask(request)
        except NotFound:
            return Whereabouts.NONE
        try:
            return Whereabouts(answer)
        except ValueError:
            raise Garbage("directory: whereIs: the answer is none of org, pract, orgPract, none") from None


def _path(server_name: str) -> str:
    return f"{SERVICES}/federation/{quote(server_name, safe='')}"


def _domain(answer: Any) -> Domain:
    try:
        return Domain.model_validate(answer)
    except ValidationError:
        raise Garbage("directory: the answer is no domain of the federation") from None


def _domains(answer: Any) -> tuple[Domain, ...]:
    if not isinstance(answer, list):
        raise Garbage("directory: the answer is no list of domains")
    return tuple(_domain(one) for one in answer)
