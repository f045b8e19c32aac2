"""Where a benchmark ran, for its report; and ports for its servers."""

import os
import platform
import random
from importlib.metadata import version
from pathlib import Path

from tim_sandbox.state import PORT_SPAN, free_base_port


def this_machine() -> str:
    """One sentence: processor, memory, load, system, versions."""
    cpu = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"Machine: {os.cpu_count()} × {cpu}, {memory:.0f} GiB; load {os.getloadavg()[2]:.1f} (15 min), shared with the "
        f"clients; {platform.system()}, Python {platform.python_version()}, Synapse {version('matrix-synapse')}."
    )


def any_base_port() -> int:
    """First port of a range that nobody uses."""
    slots = range(20_000, 32_000, PORT_SPAN)
    return free_base_port(random.sample(slots, len(slots)))
