"""How long the demo takes and how much memory it needs: `python benchmarks/demo.py [--runs N] [--cold]`.

Warm: `tim sandbox demo --once` from the installed packages, several times. Cold (`--cold`): a clone of this
repository, then `make demo-once` in it, which installs everything first. Memory is the sum over the whole process
tree, sampled five times a second: RSS counts shared pages once per process, PSS counts them once in all.
"""

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

_SAMPLES_PER_SECOND = 5
_ROOT = Path(__file__).parents[1]


def descendants(pid: int) -> list[int]:
    """The process and everything it started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
    found, queue = [], [pid]
    while queue:
        found.append(queue.pop())
        queue.extend(children.get(found[-1], []))
    return found


def memory_mib(pids: Sequence[int]) -> tuple[float, float]:
    """Sum of RSS and PSS over the processes, MiB."""
    rss = pss = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        rss += int(re.search(r"^Rss:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]  # the kernel's format
        pss += int(re.search(r"^Pss:\s+(\d+)", text, re.MULTILINE)[1])  # type: ignore[index]  # the kernel's format
    return rss / 1024, pss / 1024


def measure(command: Sequence[str], cwd: Path) -> tuple[float, float, float]:
    """Seconds, peak RSS and peak PSS of one run.

    Raises:
        SystemExit: the run failed.
    """
    began = time.monotonic()
    peak_rss = peak_pss = 0.0
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(command, cwd=cwd, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            rss, pss = memory_mib(descendants(process.pid))
            peak_rss, peak_pss = max(peak_rss, rss), max(peak_pss, pss)
            try:
                process.wait(1 / _SAMPLES_PER_SECOND)
            except subprocess.TimeoutExpired:
                continue
        seconds = time.monotonic() - began
        if process.returncode:
            output.seek(0)
            sys.exit(output.read().decode()[-2000:] + f"\nfailed with exit code {process.returncode}")
    return seconds, peak_rss, peak_pss


def main() -> None:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--cold", action="store_true")
    arguments = parser.parse_args()
    warm = [
        measure([sys.executable, "-m", "tim_cli.main", "sandbox", "demo", "--once"], _ROOT)
        for _ in range(arguments.runs)
    ]
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    print(f"{datetime.now(UTC):%Y-%m-%d}, {machine}\n")
    print("| what | median | worst |\n| --- | --- | --- |")
    for name, column, unit in (("demo, warm", 0, "s"), ("peak RSS", 1, "MiB"), ("peak PSS", 2, "MiB")):
        values = [run[column] for run in warm]
        print(f"| {name} ({len(warm)} runs) | {statistics.median(values):.1f} {unit} | {max(values):.1f} {unit} |")
    if arguments.cold:
        with tempfile.TemporaryDirectory() as directory:
            clone = Path(directory) / "clone"
            subprocess.run(["git", "clone", "--quiet", str(_ROOT), str(clone)], check=True)
            seconds, *_ = measure(["make", "demo-once"], clone)
        print(f"| `make demo-once` in a new clone, installation included (1 run) | {seconds:.1f} s | {seconds:.1f} s |")


if __name__ == "__main__":
    main()
