"""What must come out of the story, and how `docs/gate.md` shows what did.

`TIM_WRITE_DOCS=1 python -m pytest tests/gate/test_traffic.py` writes the table anew from the monolith's run; the run
on workers must find the same.
"""

from collections.abc import Mapping
from pathlib import Path

from tests.gate import inbound, outbound
from tests.gate.story import AROUND, IN, OUT, PHASES, Row

DOCUMENT = Path(__file__).parents[2] / "docs" / "gate.md"
_BEGIN, _END = "<!-- table of traffic: begin -->", "<!-- table of traffic: end -->"
_SET_UPS = (
    "Both set-ups of the practice gave this table: "
    "one process with SQLite, and six processes with PostgreSQL and Redis."
)
_YES, _NO = True, False

_GATED = {"listed": _YES, "delisted": _NO, "relisted": _YES}
_OPEN = dict.fromkeys(PHASES, _YES)

EXPECTED: Mapping[Row, Mapping[str, bool]] = {
    **{(IN, kind): _GATED for kind in inbound.PROBES},
    **{(IN, kind): _OPEN for kind in inbound.UNSIGNED},
    **{(OUT, kind): _GATED for kind in (*outbound.PUSHED, *outbound.PROBES)},
    (AROUND, "relay in by a listed server"): _GATED,
    (AROUND, "relay out by a listed server"): _OPEN,
    (AROUND, "relay out by a listed server, after `tim gate isolate`"): {"relisted": _NO},
    (AROUND, "message in retry when the server is delisted"): {"delisted": _NO},
    (AROUND, "to-device message sent while the server is delisted"): {"relisted": _NO},
    (AROUND, "leaving of its users, told by a listed server"): {"delisted": _YES},
    (AROUND, "leaving a room of the delisted server"): {"delisted": _YES},
    (AROUND, "invite of an unlisted user by a listed server"): {"delisted": _NO},
    (AROUND, "invite into a room that an unlisted server created"): {"delisted": _NO},
    (AROUND, "join of a room that an unlisted server created"): {"delisted": _NO},
    (AROUND, "room with an unlisted member, with a listed notary"): {"delisted": _YES},
    (AROUND, "room with an unlisted member, without a notary"): {"delisted": _NO},
}
"""Whether each kind of traffic gets through, by phase; a phase in which nothing is tried is absent."""


def rendered(results: Mapping[Row, Mapping[str, bool]]) -> str:
    """The table as Markdown, with the sentence that says which set-ups it holds for."""
    lines = [_SET_UPS, "", "| Traffic | " + " | ".join(PHASES) + " |", "| --- |" + " --- |" * len(PHASES)]
    for direction in (IN, OUT, AROUND):
        lines.append(f"| **{direction}** |" + " |" * len(PHASES))
        for row, phases in results.items():
            if row[0] == direction:
                lines.append(f"| {row[1]} | " + " | ".join(_word(phases.get(phase)) for phase in PHASES) + " |")
    return "\n".join(lines)


def documented() -> str:
    """The table that stands in the document."""
    return DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)[2].partition(_END)[0].strip()


def write(table: str) -> None:
    """Replace the table in the document."""
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    DOCUMENT.write_text(f"{before}{_BEGIN}\n{table}\n{_END}{after}", encoding="utf-8")


def _word(got_through: bool | None) -> str:
    return {True: "passes", False: "refused", None: ""}[got_through]
