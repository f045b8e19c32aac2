"""An organisation's own entries: services and the Matrix addresses in them (AF_10059-02, rulebook 9.4)."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from tim_directory.errors import DirectoryError, Garbage, NotFound
from tim_directory.resources import OWNED, EndpointDraft, Resource, checked, endpoint_resource, with_visibility
from tim_directory.search import BULK_PAGE
from tim_directory.tokens import Authorised
from tim_directory.transport import Request
from tim_policy.directory.bundle import SearchPage, read_bundle

OWNER = "/owner"


class OwnerEntries:
    """Own entries; the directory lets an owner see and change no others.

    Args:
        directory: with tokens of the owner.
    """

    def __init__(self, directory: Authorised) -> None:
        self._directory = directory

    async def all(self, telematik_id: str) -> SearchPage:
        """Own services with organisation, places and addresses, inactive ones included; up to 500.

        Raises:
            DirectoryError: not read.
        """
        query = [
            ("organization.identifier", telematik_id),
            *(("_include", f"HealthcareService:{name}") for name in ("organization", "location", "endpoint")),
            ("_count", str(BULK_PAGE)),
        ]
        answer = await self._directory.ask(Request("owner search", "GET", f"{OWNER}/HealthcareService", query))
        page = read_bundle(answer)
        if not page.is_bundle:
            raise Garbage("directory: owner search: the answer is no Bundle")
        return page

    async def read(self, kind: str, ident: str) -> Resource:
        """One resource as the directory holds it.

        Raises:
            NotFound: there is none, or it belongs to somebody else.
            DirectoryError: not read.
        """
        return _resource(await self._directory.ask(Request(f"read {kind}", "GET", _path(kind, ident))), kind)

    async def create(self, resource: Mapping[str, Any]) -> Resource:
        """Create a resource; returns it with its id.

        Raises:
            InvalidEntry: it is no valid FHIR.
            DirectoryError: not created, or unknown whether (`Unavailable`): look with `all` before trying again.
        """
        kind = str(resource.get("resourceType"))
        body = checked(resource)
        return _resource(await self._directory.ask(Request(f"create {kind}", "POST", _path(kind), body=body)), kind)

    async def change(self, resource: Mapping[str, Any]) -> Resource:
        """Replace a resource by this version, which has its id.

        Raises:
            InvalidEntry: it is no valid FHIR.
            DirectoryError: not changed.
        """
        kind, ident = str(resource.get("resourceType")), str(resource.get("id"))
        body = checked(resource)
        answer = await self._directory.ask(Request(f"change {kind}", "PUT", _path(kind, ident), body=body))
        return _resource(answer, kind)

    async def delete(self, kind: str, ident: str) -> None:
        """Delete a resource; one that is gone is as good as deleted.

        Raises:
            Conflict: something refers to it.
            DirectoryError: not deleted.
        """
        with suppress(NotFound):
            await self._directory.ask(Request(f"delete {kind}", "DELETE", _path(kind, ident)))

    async def publish_address(self, service_id: str, draft: EndpointDraft) -> Resource:
        """Create an Endpoint and put it into a service; if the second fails, the first is taken back.

        Raises:
            DirectoryError: not published.
        """
        endpoint = await self.create(endpoint_resource(draft))
        reference = f"Endpoint/{endpoint['id']}"
        try:
            await self._relink(service_id, lambda links: [*links, {"reference": reference}])
        except DirectoryError:
            with suppress(DirectoryError):
                await self.delete("Endpoint", endpoint["id"])
            raise
        return endpoint

    async def withdraw_address(self, service_id: str, endpoint_id: str) -> None:
        """Take an Endpoint out of a service and delete it; it must not be in another one.

        Raises:
            DirectoryError: not withdrawn; taken out of the service, perhaps, so that nobody finds it.
        """
        reference = f"Endpoint/{endpoint_id}"
        await self._relink(service_id, lambda links: [one for one in links if one.get("reference") != reference])
        await self.delete("Endpoint", endpoint_id)

    async def show_to_insured(self, endpoint_id: str, *, is_shown: bool) -> Resource:
        """Show an Endpoint to insured persons, or hide it from them (A_26172-01).

        Raises:
            DirectoryError: not changed.
        """
        endpoint = await self.read("Endpoint", endpoint_id)
        return await self.change(with_visibility(endpoint, is_hidden=not is_shown))

    async def _relink(self, service_id: str, change: Callable[[list[Any]], list[Any]]) -> None:
        service = await self.read("HealthcareService", service_id)
        links = change([one for one in service.get("endpoint", []) if isinstance(one, dict)])
        rest = {key: value for key, value in service.items() if key != "endpoint"}
        await self.change({**rest, **({"endpoint": links} if links else {})})


def _path(kind: str, ident: str | None = None) -> str:
    if kind not in OWNED:
        raise NotFound(f"directory: owners have no {kind}", 404)
    return f"{OWNER}/{kind}" if ident is None else f"{OWNER}/{kind}/{quote(ident, safe='')}"


def _resource(answer: Any, kind: str) -> Resource:
    is_resource = isinstance(answer, dict) and answer.get("resourceType") == kind and isinstance(answer.get("id"), str)
    if not is_resource:
        raise Garbage(f"directory: {kind}: the answer is no {kind} with an id")
    return dict(answer)
