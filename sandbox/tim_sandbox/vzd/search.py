"""FHIR searches over the store: the subset that TI-M clients use.

Parameters outside the subset are refused, never ignored: an ignored filter would answer with too much.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from tim_sandbox.vzd.indexing import COMMON, LINKS, PARAMETERS, fold
from tim_sandbox.vzd.store import Store

PAGE = 100
MOST = 500
_AFTER = "_after"
_TOTAL_LIMIT = 1000
_SHORTEST = 3
"""Length below which FTS5's trigrams find nothing."""
_SWITCHES = {"_format": ("json", "application/fhir+json", "application/json"), "_complexSearch": ("true", "false")}


class UnsupportedSearch(Exception):
    """The search uses what the sandbox does not have; the text names it."""


@dataclass(frozen=True, slots=True)
class Search:
    """One search.

    Args:
        kind: resource type, a key of `PARAMETERS`.
        query: parameters in the caller's order.
        address: where it was asked, for links to further pages.
        is_insured: leave out what is hidden from insured persons.
        owner: only entries of this Telematik-ID; None: of everybody.
    """

    kind: str
    query: Sequence[tuple[str, str]]
    address: str
    is_insured: bool = False
    owner: str | None = None


@dataclass(slots=True)
class _Conditions:
    """SQL so far, all joined by AND."""

    matches: list[str] = field(default_factory=list)
    clauses: list[str] = field(default_factory=list)
    arguments: list[Any] = field(default_factory=list)
    includes: set[str] = field(default_factory=set)
    count: int = PAGE
    after: int | None = None

    def add(self, clause: str, *arguments: Any) -> None:
        self.clauses.append(clause)
        self.arguments += arguments


def run_search(store: Store, search: Search) -> str:
    """The searchset Bundle as JSON: matches by age, then what they include.

    `total` is said on the first page only, and only up to 1000; further pages are behind the link `next`.

    Raises:
        UnsupportedSearch: a parameter, value or include outside the subset.
    """
    wanted = _conditions(search)
    source, arguments = _source(search, wanted)
    number = f"text_{search.kind}.rowid" if wanted.matches else "r.number"
    rows = store.connection.execute(
        f"SELECT r.number, r.id, r.body FROM {source} AND {number} > ? ORDER BY {number} LIMIT ?",  # noqa: S608 - fixed parts
        (*arguments, wanted.after or 0, wanted.count + 1),
    ).fetchall()
    page = rows[: wanted.count]
    entries = [_entry(search.kind, ident, body, "match") for _, ident, body in page]
    entries += _included(store, search, wanted, [number for number, _, _ in page])
    links = [_link("self", search.address, search.query)]
    if len(rows) > wanted.count > 0:
        rest = [(name, value) for name, value in search.query if name != _AFTER]
        links.append(_link("next", search.address, [*rest, (_AFTER, str(page[-1][0]))]))
    total = "" if wanted.after is not None else _total(store, source, arguments)
    head = f'"resourceType":"Bundle","type":"searchset",{total}"link":{json.dumps(links)}'
    return f'{{{head},"entry":[{",".join(entries)}]}}'


def _source(search: Search, wanted: _Conditions) -> tuple[str, list[Any]]:
    where = " AND ".join(["r.type = ?", "r.body IS NOT NULL", *wanted.clauses])
    if not wanted.matches:
        return f"resource r WHERE {where}", [search.kind, *wanted.arguments]
    text = f"text_{search.kind}"  # CROSS JOIN: the text is asked once, not for every resource
    joined = f"{text} CROSS JOIN resource r ON r.number = {text}.rowid WHERE {text} MATCH ? AND {where}"
    return joined, [" AND ".join(wanted.matches), search.kind, *wanted.arguments]


def _total(store: Store, source: str, arguments: Sequence[Any]) -> str:
    counted = f"SELECT count(*) FROM (SELECT 1 FROM {source} LIMIT {_TOTAL_LIMIT + 1})"  # noqa: S608 - fixed parts
    (total,) = store.connection.execute(counted, arguments).fetchone()
    return f'"total":{total},' if total <= _TOTAL_LIMIT else ""


def _conditions(search: Search) -> _Conditions:
    wanted = _Conditions()
    if search.is_insured:
        wanted.add("NOT r.is_hidden")
        if search.kind == "HealthcareService":
            wanted.add(
                "NOT EXISTS (SELECT 1 FROM link l JOIN resource o ON o.type = l.type AND o.id = l.id "
                "WHERE l.number = r.number AND l.name = 'organization' AND o.is_hidden)"
            )
    if search.owner is not None:
        wanted.add("r.owner = ?", search.owner)
    for name, value in search.query:
        _add(wanted, search, name, value)
    return wanted


def _add(wanted: _Conditions, search: Search, name: str, value: str) -> None:
    columns = ("name", "everybody") if search.is_insured else ("name", "everybody", "professionals")
    named = "practitioner.name" if search.kind == "PractitionerRole" else "name"
    if name in ("_text", "_content"):
        for word in fold(value).split():
            _add_part(wanted, search.kind, columns, word)
    elif name in (named, f"{named}:contains"):
        _add_part(wanted, search.kind, ("name",), fold(value))
    elif name in PARAMETERS[search.kind]:
        _add_value(wanted, name, value, is_insured=search.is_insured)
    elif name == "_include":
        kind, _, link = value.partition(":")
        if kind != search.kind or link not in LINKS.get(kind, {}):
            raise UnsupportedSearch(f"_include={value}")
        wanted.includes.add(link)
    elif name == "_count":
        wanted.count = min(_number(name, value), MOST)
    elif name == _AFTER:
        wanted.after = _number(name, value)
    elif value not in _SWITCHES.get(name, ()):
        raise UnsupportedSearch(name)


def _add_part(wanted: _Conditions, kind: str, columns: Sequence[str], part: str) -> None:
    if len(part) >= _SHORTEST:
        quoted = part.replace('"', '""')
        wanted.matches.append(f'{{{" ".join(columns)}}} : "{quoted}"')
        return
    said = " || char(10) || ".join(columns)
    wanted.add(
        f"EXISTS (SELECT 1 FROM text_{kind} t WHERE t.rowid = r.number AND instr({said}, ?))",  # noqa: S608 - fixed parts
        part,
    )


def _add_value(wanted: _Conditions, name: str, value: str, *, is_insured: bool) -> None:
    alternatives = [one if "address" in name else one.rpartition("|")[2] for one in value.split(",")]
    if name.endswith(("address-city", "address-postalcode")):
        alternatives = [fold(one) for one in alternatives]
    visible = " AND NOT v.is_hidden" if is_insured else ""
    marks = ", ".join("?" * len(alternatives))
    found = f"FROM value v WHERE v.parameter = ? AND v.value IN ({marks}){visible}"
    if name in COMMON:
        wanted.add(f"EXISTS (SELECT 1 {found} AND v.number = r.number)", name, *alternatives)
    else:
        wanted.add(f"r.number IN (SELECT v.number {found})", name, *alternatives)


def _included(store: Store, search: Search, wanted: _Conditions, numbers: Sequence[int]) -> list[str]:
    if not wanted.includes or not numbers:
        return []
    links = sorted(wanted.includes)
    visible = "AND NOT t.is_hidden" if search.is_insured else ""
    found = store.connection.execute(
        "SELECT t.type, t.id, t.body FROM link l JOIN resource t ON t.type = l.type AND t.id = l.id "  # noqa: S608 - marks
        f"WHERE l.number IN ({', '.join('?' * len(numbers))}) AND l.name IN ({', '.join('?' * len(links))}) "
        f"AND t.body IS NOT NULL {visible} ORDER BY l.number, l.position",
        (*numbers, *links),
    )
    once = {(kind, ident): body for kind, ident, body in found}
    return [_entry(kind, ident, body, "include") for (kind, ident), body in once.items()]


def _entry(kind: str, ident: str, body: str, mode: str) -> str:
    url = json.dumps(f"urn:sandbox:{kind}/{ident}")
    return f'{{"fullUrl":{url},"resource":{body},"search":{{"mode":"{mode}"}}}}'


def _link(relation: str, address: str, query: Sequence[tuple[str, str]]) -> dict[str, str]:
    return {"relation": relation, "url": f"{address}?{urlencode(query)}"}


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 15:  # noqa: PLR2004 - well below SQLite's integers
        raise UnsupportedSearch(f"{name}={value}")
    return int(value)
