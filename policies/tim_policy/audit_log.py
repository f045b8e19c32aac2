"""The audit log: append-only, each entry bound to the one before by a hash and signed (Ed25519).

An edit, a cut or a reorder breaks the chain. A cut at the end breaks nothing inside: whoever keeps the head (number and
hash) that an earlier check told, outside of the homeserver, finds that too. Old entries are deleted at the front only,
after a checkpoint: an entry of the same chain, signed too, that tells up to where; the rest must begin right there.
"""

import base64
import enum
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FIRST_PREVIOUS = "0" * 64
"""What the first entry has in the place of its predecessor's hash."""


class AuditKind(enum.StrEnum):
    """What is logged; closed set."""

    RETENTION_RUN = "retention_run"
    RETENTION_RUN_REQUESTED = "retention_run_requested"
    RETENTION_POLICY = "retention_policy"
    RETENTION_CLOCK = "retention_clock"
    LEGAL_HOLD = "legal_hold"
    LEGAL_HOLD_RELEASED = "legal_hold_released"
    FEDERATION_LIST = "federation_list"
    SERVER_ISOLATED = "server_isolated"
    ERASURE = "erasure"
    ACCESS = "access"
    CHECKPOINT = "checkpoint"


class Action(enum.StrEnum):
    """FHIR AuditEvent.action."""

    CREATE = "C"
    READ = "R"
    UPDATE = "U"
    DELETE = "D"
    EXECUTE = "E"


ACTIONS: Mapping[AuditKind, Action] = {
    AuditKind.RETENTION_RUN: Action.DELETE,
    AuditKind.RETENTION_POLICY: Action.UPDATE,
    AuditKind.RETENTION_CLOCK: Action.EXECUTE,
    AuditKind.LEGAL_HOLD: Action.CREATE,
    AuditKind.LEGAL_HOLD_RELEASED: Action.DELETE,
    AuditKind.FEDERATION_LIST: Action.UPDATE,
    AuditKind.SERVER_ISOLATED: Action.EXECUTE,
    AuditKind.ERASURE: Action.DELETE,
    AuditKind.ACCESS: Action.READ,
    AuditKind.CHECKPOINT: Action.DELETE,
    AuditKind.RETENTION_RUN_REQUESTED: Action.EXECUTE,
}


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What happened.

    Args:
        kind: see `AuditKind`.
        recorded: ISO 8601 with time zone.
        agent: who did it: an administrator's user id, or the module itself.
        detail: counts, periods, references; never a name, content or token.
    """

    kind: AuditKind
    recorded: str
    agent: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is stored.

    Args:
        number: from 1 on, without gaps.
        body: canonical JSON of number, previous hash and occurrence.
        digest: SHA-256 of `body`, in hex.
        signature: of `digest`, Base64.
    """

    number: int
    body: str
    digest: str
    signature: str


class Broken(enum.StrEnum):
    """What is wrong with an entry; closed set."""

    GAP = "the number does not follow the one before: an entry was cut out, added or moved"
    PREVIOUS = "the hash of the entry before is another one: an entry was changed, cut out or moved"
    DIGEST = "the content does not fit its hash: it was changed"
    SIGNATURE = "the signature is not of this key"
    UNREADABLE = "the content is no entry"
    START = "it begins elsewhere than the newest checkpoint tells: entries were cut off at the front, or put back"
    OLD_HEAD = "the known head is older than what retention has left: use one of a later check"
    HEAD = "the known head is missing or another one: the end was cut off or written anew"


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault, and the number of the entry at which it shows."""

    number: int
    fault: Broken


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the log: the last number and its digest; number 0: the log is empty."""

    number: int = 0
    digest: str = FIRST_PREVIOUS


def next_entry(head: Head, occurrence: Occurrence, key: Ed25519PrivateKey) -> Entry:
    """The entry that follows `head`."""
    number = head.number + 1
    body = json.dumps(
        {
            "number": number,
            "previous": head.digest,
            "kind": occurrence.kind,
            "recorded": occurrence.recorded,
            "agent": occurrence.agent,
            "detail": dict(occurrence.detail),
        },
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
    )
    digest = hashlib.sha256(body.encode()).hexdigest()
    return Entry(number, body, digest, base64.b64encode(key.sign(digest.encode())).decode())


def verify(entries: Iterable[Entry], key: Ed25519PublicKey, known: Head | None = None) -> tuple[Head, list[Finding]]:
    """Check the whole log.

    Args:
        entries: in the order in which they are stored, from the first that is left on.
        key: of whoever signs.
        known: a head that an earlier check told; None: there was none, and a cut at the end cannot be found.

    Returns:
        The head as it is now, and every fault.
    """
    start: Head | None = None
    begin, head = Head(), Head()
    findings: list[Finding] = []
    digest_at_known = None
    for entry in entries:
        if start is None:
            start = head = _start(entry)
        faults = _faults(head, entry, key)
        findings += [Finding(entry.number, fault) for fault in faults]
        if not faults:
            begin = checkpoint_of(entry) or begin
        head = Head(entry.number, entry.digest)
        if known is not None and entry.number == known.number:
            digest_at_known = entry.digest
    if start is not None and start != begin:
        findings.insert(0, Finding(start.number + 1, Broken.START))
    if known is not None and known.number and digest_at_known != known.digest and known != start:
        is_old = start is not None and known.number < start.number
        findings.append(Finding(known.number, Broken.OLD_HEAD if is_old else Broken.HEAD))
    return head, findings


def checkpoint_detail(pruned: Head, newest: Mapping[AuditKind, Mapping[str, Any]]) -> dict[str, Any]:
    """What a checkpoint tells.

    Args:
        pruned: the last entry that goes.
        newest: what the newest entry of a kind tells, for those that go and are still asked for.
    """
    return {
        "pruned_to": pruned.number,
        "digest": pruned.digest,
        "newest": {kind.value: newest[kind] for kind in newest},
    }


def checkpoint_of(entry: Entry) -> Head | None:
    """The last entry that went before this checkpoint; None: it is none.

    Raises:
        ValueError: it is no entry.
    """
    said = occurrence_of(entry)
    if said.kind is not AuditKind.CHECKPOINT:
        return None
    return Head(int(said.detail["pruned_to"]), str(said.detail["digest"]))


def occurrence_of(entry: Entry) -> Occurrence:
    """What the entry says.

    Raises:
        ValueError: it is no entry.
    """
    body = json.loads(entry.body)
    if not isinstance(body, dict) or body.get("number") != entry.number or not isinstance(body.get("detail"), dict):
        raise ValueError("no entry")
    return Occurrence(AuditKind(body["kind"]), str(body["recorded"]), str(body["agent"]), body["detail"])


def audit_event(entry: Entry, server_name: str) -> dict[str, Any]:
    """The entry as a FHIR R4 AuditEvent.

    Raises:
        ValueError: it is no entry.
    """
    said = occurrence_of(entry)
    return {
        "resourceType": "AuditEvent",
        "type": {"system": "http://terminology.hl7.org/CodeSystem/audit-event-type", "code": "rest"},
        "subtype": [{"display": said.kind.value}],
        "action": ACTIONS[said.kind].value,
        "recorded": said.recorded,
        "outcome": "0",
        "agent": [
            {
                "requestor": True,
                "who": {"identifier": {"system": "urn:ietf:rfc:3986", "value": f"matrix:{said.agent}"}},
            }
        ],
        "source": {"observer": {"display": f"tim_synapse on {server_name}"}},
        "entity": [
            {
                "what": {"identifier": {"value": f"{entry.number}:{entry.digest}"}},
                "detail": [
                    {"type": name, "valueString": value if isinstance(value, str) else json.dumps(value)}
                    for name, value in sorted(said.detail.items())
                ],
            }
        ],
    }


def _start(entry: Entry) -> Head:
    """What the first entry says stood before it."""
    try:
        return Head(entry.number - 1, str(json.loads(entry.body)["previous"]))
    except (ValueError, KeyError, TypeError):
        return Head(entry.number - 1)


def _faults(head: Head, entry: Entry, key: Ed25519PublicKey) -> list[Broken]:
    faults = []
    if entry.number != head.number + 1:
        faults.append(Broken.GAP)
    if hashlib.sha256(entry.body.encode("utf-8", "surrogatepass")).hexdigest() != entry.digest:
        faults.append(Broken.DIGEST)
    try:
        occurrence_of(entry)
        if json.loads(entry.body)["previous"] != head.digest:
            faults.append(Broken.PREVIOUS)
    except (ValueError, KeyError, TypeError):
        faults.append(Broken.UNREADABLE)
    try:
        key.verify(base64.b64decode(entry.signature, validate=True), entry.digest.encode("utf-8", "surrogatepass"))
    except (InvalidSignature, ValueError):
        faults.append(Broken.SIGNATURE)
    return faults
