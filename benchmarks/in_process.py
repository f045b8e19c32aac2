"""What a long list costs one process: memory, time to verify, time to decide."""

import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.x509 import load_der_x509_certificate

from benchmarks.long_list import SERVERS, long_list_names, signed_list
from tim_policy.federation_list import FederationList
from tim_policy.federation_trust import ListTrust, verify_federation_list
from tim_policy.gate import ServerFacts
from tim_policy.names import parse_server_name
from tim_policy.registry import judge_server
from tim_policy.residency import ResidencyEvidence, ResidencyPolicy
from tim_sandbox.pki import make_list_pki
from tim_synapse.memory import give_back, keep_large_blocks_apart

_MIB = 2**20
_ROUNDS = 7
_CALLS = 20_000
_POLICY = ResidencyPolicy(frozenset({"AT", "DE", "FR"}))
_OWN = parse_server_name("praxis.tim.test")


@dataclass(frozen=True, slots=True)
class InProcess:
    """Medians for one list of 100,000 servers.

    Args:
        document_mib: size of the signed document.
        verify_cpu_seconds: CPU time of the whole verification, content included.
        memory_mib: by which the process grew for the first list.
        memory_after_reloads_mib: by which it grew after further versions replaced it.
        lookup_microseconds: one question to the allowed servers, as Synapse asks for each request.
        listed_microseconds, unlisted_microseconds: one full decision: name read, facts gathered, all rules asked.
    """

    document_mib: float
    verify_cpu_seconds: float
    memory_mib: float
    memory_after_reloads_mib: float
    lookup_microseconds: float
    listed_microseconds: float
    unlisted_microseconds: float


def measure_in_process() -> InProcess:
    """Make lists and measure them in a fresh process, whose memory has no holes yet.

    Raises:
        CalledProcessError: the child failed; its traceback is on stderr.
    """
    with tempfile.TemporaryDirectory() as directory:
        pki, names = make_list_pki(), long_list_names()
        (Path(directory) / "root.der").write_bytes(pki.root.der)
        (Path(directory) / "ca.der").write_bytes(pki.component_ca.der)
        for version in range(_ROUNDS):
            (Path(directory) / f"{version}.jws").write_bytes(signed_list(version, names, pki.signer))
        result = subprocess.run([sys.executable, "-m", __name__, directory], stdout=subprocess.PIPE, check=True)
    return InProcess(*map(float, result.stdout.split()))


def _measure(directory: Path) -> InProcess:
    root, issuer = (load_der_x509_certificate((directory / f"{name}.der").read_bytes()) for name in ("root", "ca"))
    trust = ListTrust((root,), (issuer,))
    keep_large_blocks_apart()
    before = _resident_mib()
    federation_list: FederationList | None = None
    seconds, memory = [], []
    for version in range(_ROUNDS):
        document = (directory / f"{version}.jws").read_bytes()
        began = time.process_time()
        verified = verify_federation_list(document, trust, datetime.now(UTC), previous=federation_list)
        seconds.append(time.process_time() - began)
        federation_list = verified.federation_list
        size = len(document)
        del verified, document
        gc.collect()
        give_back()
        memory.append(_resident_mib() - before)
    if federation_list is None:
        raise AssertionError("no list was verified")
    allowed = dict.fromkeys(federation_list.server_names, True)
    listed, unlisted = long_list_names()[SERVERS // 2], "praxis-999999.tim.example-provider.de"
    return InProcess(
        size / _MIB,
        statistics.median(seconds),
        memory[0],
        memory[-1],
        _microseconds(lambda: listed in allowed),
        _microseconds(lambda: _decide(listed, federation_list)),
        _microseconds(lambda: _decide(unlisted, federation_list)),
    )


def _decide(server_name: str, federation_list: FederationList) -> object:
    evidence = ResidencyEvidence(_POLICY, "DE", None, None)
    return judge_server(ServerFacts(parse_server_name(server_name), _OWN, federation_list, evidence, True))


def _microseconds(call: Callable[[], object]) -> float:
    """Median of several rounds; the call of a lambda, some 0.03 µs, is part of it."""
    rounds = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        for _ in range(_CALLS):
            call()
        rounds.append((time.perf_counter() - began) / _CALLS * 1e6)
    return statistics.median(rounds)


def _resident_mib() -> float:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no file on a disk
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MIB


if __name__ == "__main__":
    result = _measure(Path(sys.argv[1]))
    print(*(getattr(result, name) for name in InProcess.__slots__))
