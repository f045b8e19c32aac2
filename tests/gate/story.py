"""Plays listed, delisted and relisted, and writes down what got through."""

import re
import time
from collections import defaultdict
from dataclasses import dataclass, field

from tests.gate import inbound, outbound, traces
from tests.gate.traces import Traces
from tests.gate.world import PFLEGE, PRAXIS, World, join
from tim_sandbox.homeserver_client import MatrixUser

PHASES = ("listed", "delisted", "relisted")
IN, OUT, AROUND = "to the practice", "from the practice", "around the transport"
Row = tuple[str, str]
"""Direction and kind of traffic."""


@dataclass
class Story:
    """What got through, by row and phase; a phase that says nothing about a row is absent."""

    results: dict[Row, dict[str, bool]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, direction: str, kind: str, phase: str, got_through: bool) -> None:
        self.results.setdefault((direction, kind), {})[phase] = got_through


async def tell(world: World, admin: MatrixUser) -> Story:
    """Play the whole story."""
    story, waiting = Story(), Traces(world)
    began = time.monotonic()
    await _traffic(story, world, "listed")
    await _around(story, world, "listed")
    assert (await join(world.colleague, f"#haus:{PFLEGE}")).status == 200
    await waiting.leave_a_message_waiting()
    story.seconds["listed"] = time.monotonic() - began

    (entry,) = (entry for entry in await world.sandbox.vzd.domains() if entry["domain"] == PFLEGE)
    await world.sandbox.vzd.remove_domain(PFLEGE)
    await world.enforced(PRAXIS)
    await waiting.come_back()
    await _traffic(story, world, "delisted")
    await _around(story, world, "delisted")
    story.note(AROUND, "leaving a room of the delisted server", "delisted", await traces.can_leave(world))
    story.note(AROUND, "message in retry when the server is delisted", "delisted", await waiting.was_retried())
    story.seconds["delisted"] = time.monotonic() - began

    await world.sandbox.vzd.add_domain(entry)
    await world.enforced(PRAXIS, PFLEGE)
    await _traffic(story, world, "relisted")
    await _around(story, world, "relisted")
    flushed = await waiting.was_flushed()
    story.note(AROUND, "to-device message sent while the server is delisted", "relisted", flushed)
    read_along = await traces.isolates(world, admin)
    story.note(AROUND, "relay out by a listed server, after `tim gate isolate`", "relisted", read_along)
    story.seconds["relisted"] = time.monotonic() - began
    return story


async def _traffic(story: Story, world: World, phase: str) -> None:
    for kind, got_through in (await outbound.pushed(world, is_listed=phase != "delisted")).items():
        story.note(OUT, kind, phase, got_through)
    for kind, probe in outbound.PROBES.items():
        story.note(OUT, kind, phase, await probe(world))
    for kind, probe in (*inbound.PROBES.items(), *inbound.UNSIGNED.items()):
        story.note(IN, kind, phase, await probe(world))


async def _around(story: Story, world: World, phase: str) -> None:
    story.note(AROUND, "relay in by a listed server", phase, await traces.relays_in(world))
    story.note(AROUND, "relay out by a listed server", phase, await traces.relays_out(world))
    if phase == "delisted":
        story.note(AROUND, "leaving of its users, told by a listed server", phase, await traces.leaves_are_seen(world))
        seen = await traces.listed_invites_stranger(world)
        story.note(AROUND, "invite of an unlisted user by a listed server", phase, seen)
        invited, joined = await traces.room_of_stranger(world)
        story.note(AROUND, "invite into a room that an unlisted server created", phase, invited)
        story.note(AROUND, "join of a room that an unlisted server created", phase, joined)
        works = await traces.room_with_stranger(world, world.doctor)
        story.note(AROUND, "room with an unlisted member, with a listed notary", phase, works)
        works = await traces.room_with_stranger(world, world.nurse)
        story.note(AROUND, "room with an unlisted member, without a notary", phase, works)


REFUSED_REQUESTS = re.compile(r"^tim_gate_refused_requests_total\{(.*)\} (\S+)$", re.MULTILINE)


async def refused_requests(world: World) -> dict[str, float]:
    """What praxis counted, in all its processes."""
    counted: defaultdict[str, float] = defaultdict(float)
    for process in world.sandbox.processes_of(PRAXIS).values():
        for labels, value in REFUSED_REQUESTS.findall(await process.metrics()):
            counted[labels] += float(value)
    return counted
