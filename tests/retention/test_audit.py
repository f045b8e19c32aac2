"""The audit log of a real homeserver: what is logged, who may read it, and that tampering is found."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.retention.conftest import RETENTION, RetentionServer
from tests.synapse.matrix import new_room
from tim_policy.errors import ConfigError
from tim_synapse.audit import AuditConfig, load_audit_key

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
