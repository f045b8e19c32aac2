"""The audit log of a real homeserver: what is logged, who may read it, and that tampering is found."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.retention.conftest import RETENTION, RetentionServer, running_retention
from tests.retention.databases import Database
from tests.retention.waiting import until
from tests.synapse.list_source import ListSource
from tests.synapse.matrix import new_room
from tim_policy.audit_log import AuditKind, Entry, Head, occurrence_of, verify
from tim_policy.errors import ConfigError
from tim_sandbox.pki import ListPki
from tim_synapse.audit import Audit, AuditConfig, _read, load_audit_key, newest_detail

AUDIT = "/_synapse/client/tim/v1/audit/entries"


async def entries(server: RetentionServer) -> list[dict[str, Any]]:
    answer = await server.admin.request("GET", AUDIT)
    assert answer.status == 200, answer
    return [json.loads(body) for _, body, _, _ in answer.body["entries"]]


async def test_deletions_policies_and_admins_are_logged(enforcing: RetentionServer) -> None:
    enforcing.query(
        "INSERT INTO user_reports (id, received_ts, target_user_id, user_id, reason) VALUES (11, 1, '', '', '')"
    )
    room_id = await new_room(enforcing.admin)
    await enforcing.tim("hold", "add", room_id, "--reference", "Az. 7")
    await enforcing.tim("hold", "release", room_id)
    await enforcing.run()
    logged = await entries(enforcing)
    by_kind = {entry["kind"]: entry for entry in logged}
    assert by_kind["retention_policy"]["detail"]["policy"] == "tim-1.2"
    assert by_kind["retention_run"]["detail"]["deleted"]["reports"] >= 1
    assert by_kind["retention_run"]["agent"] == "tim_synapse"
    assert by_kind["legal_hold"]["agent"] == enforcing.admin.user_id
    assert by_kind["legal_hold"]["detail"] == {"room": room_id, "reference": "Az. 7"}
    assert by_kind["legal_hold_released"]["number"] > by_kind["legal_hold"]["number"]
    before = len(logged)
    await enforcing.tim("hold", "release", room_id)
    assert len(await entries(enforcing)) == before, "what changed nothing is not logged"


async def test_every_action_of_an_administrator_is_logged(enforcing: RetentionServer, tmp_path: Path) -> None:
    person = await enforcing.user()
    await enforcing.run()
    await enforcing.admin.request("POST", f"{RETENTION}/confirm-clock")
    isolate = "/_synapse/client/tim/v1/gate/isolate/fremd.tim.test"
    assert (await enforcing.admin.request("POST", isolate)).status == 200
    assert (await enforcing.tim("export", person.user_id, "--out", str(tmp_path / "out")))[0] == 0
    assert (await enforcing.tim("erase", person.user_id, "--yes"))[0] == 0
    logged = await entries(enforcing)
    by_admin = {entry["kind"] for entry in logged if entry["agent"] == enforcing.admin.user_id}
    assert by_admin >= {"retention_run_requested", "retention_clock", "server_isolated", "access", "erasure"}
    isolated = [entry["detail"] for entry in logged if entry["kind"] == "server_isolated"]
    assert isolated[-1] == {"server": "fremd.tim.test", "leave": False}
    before = len(isolated)
    assert (await enforcing.admin.request("POST", f"{isolate}?dry_run=true")).status == 200
    assert len([1 for entry in await entries(enforcing) if entry["kind"] == "server_isolated"]) == before


async def test_every_other_list_in_use_is_logged_once(
    tmp_path: Path, new_base_port: Callable[[], int], list_pki: ListPki
) -> None:
    base_port = new_base_port()
    source = ListSource(list_pki, base_port + 2)
    source.serve(7, "freund.tim.test")
    retention = {"mode": "observe"}
    async with source.listening(), running_retention(tmp_path, base_port, list_pki, retention) as server:

        async def versions() -> list[tuple[int, int]]:
            details = [entry["detail"] for entry in await entries(server) if entry["kind"] == "federation_list"]
            assert all(detail["in_use"] for detail in details)
            return [(detail["version"], detail["servers"]) for detail in details]

        async def is_first() -> bool:
            return await versions() == [(7, 1)]

        async def is_second() -> bool:
            return await versions() == [(7, 1), (8, 2)]

        async def is_third() -> bool:
            return await versions() == [(7, 1), (8, 2), (9, 0)]

        await until(is_first)
        source.serve(8, "freund.tim.test", "neu.tim.test")
        await until(is_second)
        await server.restart()
        source.serve(9)
        await until(is_third)


async def test_only_server_admins_read_it(enforcing: RetentionServer) -> None:
    assert (await enforcing.client.request("GET", AUDIT)).status == 401
    assert (await (await enforcing.user()).request("GET", AUDIT)).status == 403
    wrong = await enforcing.admin.request("GET", f"{AUDIT}?after=-1")
    assert (wrong.status, wrong.body["errcode"]) == (400, "M_INVALID_PARAM")


async def test_the_command_line_verifies_and_exports(enforcing: RetentionServer, tmp_path: Path) -> None:
    await enforcing.admin.request("POST", f"{RETENTION}/confirm-clock")
    public = ("--public-key", str(enforcing.spec.directory / "audit.key.pub"))
    code, out, err = await enforcing.tim("audit", "verify", *public)
    assert (code, err) == (0, "")
    head = out.split("head ")[1].split()[0]
    assert (await enforcing.tim("audit", "verify", *public, "--head", head))[0] == 0
    code, _, _ = await enforcing.tim("audit", "export", "--out", str(tmp_path / "audit.json"))
    assert code == 0
    bundle = json.loads((tmp_path / "audit.json").read_text())
    assert {entry["resource"]["resourceType"] for entry in bundle["entry"]} == {"AuditEvent"}
    number = int(head.partition(":")[0])
    (saved,) = enforcing.query("SELECT body FROM tim_audit WHERE number = ?", (number,))
    enforcing.query("UPDATE tim_audit SET body = replace(body, 'admin', 'other') WHERE number = ?", (number,))
    try:
        code, out, _ = await enforcing.tim("audit", "verify", *public)
        assert (code, f"entry {number}: the content does not fit its hash" in out) == (1, True)
    finally:
        enforcing.query("UPDATE tim_audit SET body = ? WHERE number = ?", (saved[0], number))
    code, out, _ = await enforcing.tim("audit", "verify", *public, "--head", f"{number + 1000}:{'0' * 64}")
    assert (code, "the end was cut off" in out) == (1, True)


@pytest.mark.parametrize("content", ["", "-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n"])
def test_a_file_that_is_no_key_is_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "key"
    file.write_text(content)
    file.chmod(0o600)
    with pytest.raises(ConfigError, match="is no Ed25519 key"):
        load_audit_key(AuditConfig(key_file=file))
    file.chmod(0o644)
    with pytest.raises(ConfigError, match="others may read"):
        load_audit_key(AuditConfig(key_file=file))
    with pytest.raises(ConfigError, match="cannot read"):
        load_audit_key(AuditConfig(key_file=tmp_path / "none"))


class Clock:
    """The one thing that `Audit` asks of Synapse while it prunes."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def get_current_time_msec(self) -> int:
        return int(self.now.timestamp() * 1000)


def test_old_entries_go_after_a_checkpoint(empty_database: Database) -> None:
    key, clock = Ed25519PrivateKey.generate(), Clock()
    audit = Audit(clock, key)  # type: ignore[arg-type] # see Clock
    with empty_database.transaction() as txn:
        audit.append(txn, AuditKind.RETENTION_POLICY, "tim_synapse", {"policy": "minimal"})
        for number in range(9):
            clock.now += timedelta(days=1)
            audit.append(txn, AuditKind.RETENTION_RUN, "tim_synapse", {"totals": {"reports": number}})
        whole = _read(txn, 0, 100)
        assert audit.prune(txn, datetime(2025, 1, 1, tzinfo=UTC)) == 0
        clock.now = datetime(2026, 6, 1, tzinfo=UTC)
        assert audit.prune(txn, whole_time(whole[4])) == 4
        left = _read(txn, 0, 100)
        assert [entry.number for entry in left] == [5, 6, 7, 8, 9, 10, 11]
        head, findings = verify(left, key.public_key(), Head(4, whole[3].digest))
        assert (head.number, findings) == (11, [])
        assert newest_detail(txn, AuditKind.RETENTION_POLICY) == {"policy": "minimal"}
        assert newest_detail(txn, AuditKind.FEDERATION_LIST) is None
        assert audit.prune(txn, clock.now) == 0, "one checkpoint a day"
        clock.now += timedelta(days=2)
        assert audit.prune(txn, clock.now) == 7
        left = _read(txn, 0, 100)
        assert [entry.number for entry in left] == [12]
        assert verify(left, key.public_key())[1] == []
        assert newest_detail(txn, AuditKind.RETENTION_POLICY) == {"policy": "minimal"}
        assert newest_detail(txn, AuditKind.RETENTION_RUN) == {"totals": {"reports": 8}}
        txn.execute("DROP TABLE tim_audit")
        txn.execute("DROP TABLE tim_audit_head")


def whole_time(entry: Entry) -> datetime:
    return datetime.fromisoformat(occurrence_of(entry).recorded)
