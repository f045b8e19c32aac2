"""Searches in the directory, as professionals or as insured persons see it (A_25428, A_25681-01)."""

import enum
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, unquote, urlsplit

from tim_directory.errors import Garbage, Refused
from tim_directory.tokens import Authorised
from tim_directory.transport import Query, Request
from tim_policy.directory.address import matrix_uri
from tim_policy.directory.bundle import SearchPage, read_bundle
from tim_policy.directory.entry import DirectoryEntry
from tim_policy.names import UserId

PAGE = 20
BULK_PAGE = 500
_MOST_PAGES = 10_000
_SERVICE_INCLUDES: Query = tuple(
    ("_include", f"HealthcareService:{name}") for name in ("organization", "location", "endpoint")
)
_ROLE_INCLUDES: Query = tuple(
    ("_include", f"PractitionerRole:{name}") for name in ("practitioner", "location", "endpoint")
)


class View(enum.StrEnum):
    """Whose eyes see the directory; insurers' servers get tokens for the second one only."""

    PROFESSIONAL = "/search"
    INSURED = "/fdv/search"


class Resource(enum.StrEnum):
    """What is searched for."""

    SERVICE = "HealthcareService"
    PRACTITIONER = "PractitionerRole"


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """What is looked for; everything given must fit.

    Args:
        text: words, anywhere in an entry and in what it refers to.
        name: part of the service's name.
        telematik_id: of the organisation.
        user_id: an address of the entry.
        is_active_only: leave out what is switched off. The answer is filtered once more, since includes are not.
        count: entries on a page, at most; the directory may send fewer.
    """

    text: str = ""
    name: str = ""
    telematik_id: str | None = None
    user_id: UserId | None = None
    is_active_only: bool = True
    count: int = PAGE


@dataclass(frozen=True, slots=True)
class Page:
    """One page of results.

    Args:
        entries: in the directory's order.
        next: asks for the next page, see `DirectorySearch.more`; None: this is the last one.
        total: as the directory says; None: not said.
        left_out: resources that could not be read.
    """

    entries: tuple[DirectoryEntry, ...]
    next: "NextPage | None"
    total: int | None = None
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class NextPage:
    """Where a search goes on: path below the directory's address, and parameters."""

    path: str
    query: tuple[tuple[str, str], ...] = field(repr=False)
    is_active_only: bool = True


class DirectorySearch:
    """Searches.

    Args:
        directory: with tokens for searches.
        view: whose eyes.
    """

    def __init__(self, directory: Authorised, view: View = View.PROFESSIONAL) -> None:
        self._directory = directory
        self._view = view

    async def find(self, wanted: SearchQuery, resource: Resource = Resource.SERVICE) -> Page:
        """The first page.

        Raises:
            DirectoryError: not searched.
        """
        return await self.more(
            NextPage(f"{self._view}/{resource}", tuple(_parameters(wanted, resource)), wanted.is_active_only)
        )

    async def more(self, page: NextPage) -> Page:
        """The next page.

        Raises:
            DirectoryError: not searched.
        """
        answer = await self._directory.ask(Request("search", "GET", page.path, page.query))
        read = read_bundle(answer)
        if not read.is_bundle:
            raise Garbage("directory: search: the answer is no Bundle")
        entries = tuple(self._seen(entry) for entry in read.entries if not page.is_active_only or self._is_shown(entry))
        return Page(entries, self._next(read, page), read.total, read.left_out)

    async def pages(self, wanted: SearchQuery, resource: Resource = Resource.SERVICE) -> AsyncIterator[Page]:
        """Page after page, to the last.

        Raises:
            DirectoryError: not searched; what came before is not the whole.
        """
        page = await self.find(wanted, resource)
        yield page
        seen = set[NextPage]()
        while page.next is not None:
            if page.next in seen or len(seen) >= _MOST_PAGES:
                raise Garbage("directory: search: the pages lead back to themselves")
            seen.add(page.next)
            page = await self.more(page.next)
            yield page

    async def everything(self) -> AsyncIterator[tuple[DirectoryEntry, ...]]:
        """All services, active or not, page after page.

        Raises:
            DirectoryError: as `pages`.
        """
        async for page in self.pages(SearchQuery(is_active_only=False, count=BULK_PAGE)):
            yield page.entries

    async def entries_of(self, user_id: UserId) -> tuple[DirectoryEntry, ...]:
        """All entries that name an address, services and practitioners, active or not.

        Raises:
            DirectoryError: not searched.
        """
        wanted = SearchQuery(user_id=user_id, is_active_only=False, count=BULK_PAGE)
        found = [entry async for page in self.pages(wanted) for entry in page.entries]
        if not found:
            with suppress(Refused):  # a directory without practitioners
                found = [entry async for page in self.pages(wanted, Resource.PRACTITIONER) for entry in page.entries]
        return tuple(found)

    def _is_shown(self, entry: DirectoryEntry) -> bool:
        if entry.resource_type == Resource.PRACTITIONER:
            return entry.is_active
        is_hidden = entry.organisation is not None and entry.organisation.is_hidden_from_insured
        return entry.is_usable and not (is_hidden and self._view is View.INSURED)

    def _seen(self, entry: DirectoryEntry) -> DirectoryEntry:
        """Insured persons do not see addresses that are hidden from them, even if the directory sends them."""
        if self._view is View.PROFESSIONAL:
            return entry
        return replace(entry, endpoints=tuple(one for one in entry.endpoints if not one.is_hidden_from_insured))

    def _next(self, read: SearchPage, page: NextPage) -> NextPage | None:
        """Links lead to the directory's own searches only: the token goes with them."""
        if read.next_link is None:
            return None
        own = urlsplit(self._directory.transport.url)
        try:
            link = urlsplit(read.next_link)
        except ValueError:
            raise Garbage("directory: search: the link to the next page is none") from None
        is_own = not link.netloc or (link.scheme, link.netloc) == (own.scheme, own.netloc)
        path = link.path.removeprefix(own.path)
        is_search = path == self._view or path.startswith(f"{self._view}/")
        if not is_own or not is_search or ".." in unquote(path) or (own.path and not link.path.startswith(own.path)):
            raise Garbage("directory: search: the link to the next page leads elsewhere")
        return NextPage(path, tuple(parse_qsl(link.query, keep_blank_values=True)), page.is_active_only)


def _parameters(wanted: SearchQuery, resource: Resource) -> Query:
    is_service = resource is Resource.SERVICE
    query: list[tuple[str, str]] = []
    if wanted.text:
        query.append(("_text", wanted.text))
    if wanted.name:
        query.append(("name:contains" if is_service else "practitioner.name:contains", wanted.name))
    if wanted.telematik_id is not None:
        query.append(("organization.identifier" if is_service else "practitioner.identifier", wanted.telematik_id))
    if wanted.user_id is not None:
        query.append(("endpoint.address", matrix_uri(wanted.user_id)))
    if wanted.is_active_only:
        query += [("organization.active" if is_service else "practitioner.active", "true")]
    query += [*(_SERVICE_INCLUDES if is_service else _ROLE_INCLUDES), ("_count", str(wanted.count))]
    return query
