"""Every kind of traffic between four homeservers, in both directions, listed, delisted and relisted.

Once with the practice as a monolith, once with the practice as workers.
"""

import os

import pytest

from tests.gate import table
from tests.gate.story import Row, Story, refused_requests
from tests.gate.world import PRAXIS, World
from tim_sandbox.workers.settings import MAIN, WORKERS


@pytest.mark.requirement("A_25534")
@pytest.mark.requirement("A_26328")
@pytest.mark.parametrize("row", table.EXPECTED, ids=": ".join)
def test_traffic_passes_while_the_server_is_listed_and_only_then(story: Story, row: Row) -> None:
    assert story.results[row] == table.EXPECTED[row]


def test_nothing_is_tried_that_nobody_expects(story: Story) -> None:
    assert set(story.results) == set(table.EXPECTED)


def test_the_document_shows_what_this_run_found(story: Story, world: World) -> None:
    found = table.rendered({row: story.results[row] for row in table.EXPECTED})
    if os.environ.get("TIM_WRITE_DOCS") and world.sandbox.state.on_workers is None:
        table.write(found)
    assert table.documented() == found


async def test_the_practice_runs_as_its_set_up_says(world: World, request: pytest.FixtureRequest) -> None:
    is_on_workers = request.node.callspec.id == "workers"
    processes = world.sandbox.processes_of(PRAXIS)
    assert set(processes) == ({MAIN, *WORKERS} if is_on_workers else {MAIN})
    for name, process in processes.items():
        assert await process.is_healthy(), name


async def test_refusals_are_counted_by_direction_and_kind_of_traffic(story: Story, world: World) -> None:
    assert story.results
    counted = await refused_requests(world)
    for direction, traffic in (
        ("inbound", "transaction"),
        ("inbound", "join"),
        ("inbound", "history"),
        ("inbound", "keys"),
        ("outbound", "keys"),
        ("outbound", "join"),
        ("media", "media"),
    ):
        assert counted[f'direction="{direction}",traffic="{traffic}"'] > 0
