"""`tim export` on a real homeserver: everything about her, nothing about others, and no trick with names."""

import json
import stat
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.retention.conftest import RetentionServer
from tests.synapse.matrix import invite, new_room, say
from tim_policy.person_data import ANOTHER_PERSON, SECRET

ACCESS = "/_synapse/client/tim/v1/access"
INJECTION = "<script>alert(1)</script><img src=x onerror=y>{{ 7*7 }}"


async def exported(server: RetentionServer, user_id: str, out: Path) -> dict[str, Any]:
    code, told, err = await server.tim("export", user_id, "--out", str(out))
    assert (code, err) == (0, ""), told
    return dict(json.loads((out / "auskunft.json").read_text("utf-8")))


def rows_of(data: dict[str, Any], table: str) -> list[dict[str, Any]]:
    return [line["row"] for line in data["data"] if line["table"] == table]


async def test_everything_about_her_and_nothing_about_others(enforcing: RetentionServer, tmp_path: Path) -> None:
    her, other = await enforcing.user(), await enforcing.user()
    room_id, secret_room = await new_room(her), await new_room(other)
    assert (await invite(her, room_id, other.user_id)).status == 200
    assert (await other.request("POST", f"/_matrix/client/v3/join/{quote(room_id)}", {})).status == 200
    for user, name in ((other, "Kanarienvogel"), (her, INJECTION)):
        path = f"/_synapse/admin/v2/users/{quote(user.user_id)}"
        assert (await enforcing.admin.request("PUT", path, {"displayname": name})).status == 200
    path = f"/_matrix/client/v3/rooms/{quote(room_id)}/state/m.room.name"
    assert (await her.request("PUT", path, {"name": f"Raum {INJECTION}"})).status == 200
    await say(her, room_id, f"hallo {other.user_id}, hier ist sie")
    answer = await say(other, room_id, "nur-von-mir")
    await say(other, secret_room, "nicht-fuer-sie")
    receipt = f"/_matrix/client/v3/rooms/{quote(room_id)}/receipt/m.read/{quote(answer)}"
    assert (await her.request("POST", receipt, {})).status == 200
    settings = f"/_matrix/client/v3/user/{quote(her.user_id)}/account_data/de.test"
    assert (await her.request("PUT", settings, {"farbe": "blau"})).status == 200

    out = tmp_path / "auskunft"
    data = await exported(enforcing, her.user_id, out)
    assert data["user_id"] == her.user_id
    assert data["periods"]["receipts"] == "30d"
    assert rows_of(data, "users")[0]["password_hash"] == SECRET
    assert {row["token"] for row in rows_of(data, "access_tokens")} == {SECRET}
    assert [row["content"] for row in rows_of(data, "account_data") if row["account_data_type"] == "de.test"] == [
        {"farbe": "blau"}
    ]
    assert [row["name"] for row in rows_of(data, "rooms_joined")] == [f"Raum {INJECTION}"]
    bodies = [row["content"].get("body") for row in rows_of(data, "events") if row["type"] == "m.room.message"]
    assert bodies == [f"hallo {ANOTHER_PERSON}, hier ist sie"]
    for table in ("profiles", "devices", "receipts_linearized", "room_memberships", "local_current_membership"):
        assert rows_of(data, table), table
    for file in ("auskunft.json", "auskunft.html", "auskunft.pdf"):
        content = (out / file).read_bytes()
        assert stat.S_IMODE((out / file).stat().st_mode) == 0o600
        for canary in (other.user_id, "Kanarienvogel", "nur-von-mir", "nicht-fuer-sie", secret_room, her.access_token):
            assert canary.encode() not in content, (file, canary)
    page = (out / "auskunft.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img" not in page
    assert INJECTION in unescape(page)
    assert "http" not in page.replace(her.user_id, "").partition("<body>")[0].replace("http-equiv", "")
    assert (out / "auskunft.pdf").read_bytes().startswith(b"%PDF")


async def test_what_is_there_is_not_overwritten(enforcing: RetentionServer, tmp_path: Path) -> None:
    her = await enforcing.user()
    victim = tmp_path / "victim"
    victim.mkdir()
    (tmp_path / "link").symlink_to(victim)
    for out in (victim, tmp_path / "link", tmp_path / "none" / "deeper"):
        code, told, err = await enforcing.tim("export", her.user_id, "--out", str(out))
        assert (code, told) == (2, "")
        assert err.startswith(f"tim: --out: cannot write {out}")
        assert err.count("\n") == 1
    assert list(victim.iterdir()) == []


@pytest.mark.parametrize("user_id", ["@nobody:allein.tim.test", "nobody", "../../etc", "@x/../y:z"])
async def test_whoever_is_not_there_is_not_exported(enforcing: RetentionServer, tmp_path: Path, user_id: str) -> None:
    code, told, err = await enforcing.tim("export", user_id, "--out", str(tmp_path / "out"))
    assert (code, told, err) == (2, "", "tim: USER: This homeserver has no such user\n")
    assert not (tmp_path / "out").exists()


async def test_only_admins_and_only_known_columns(enforcing: RetentionServer) -> None:
    her = await enforcing.user()
    path = f"{ACCESS}/{quote(her.user_id)}"
    assert (await her.request("GET", path)).status == 403
    assert (await her.request("GET", f"{path}/users/name")).status == 403
    assert (await enforcing.client.request("GET", path)).status == 401
    for place in (
        "users/password_hash",
        "tim_audit/body",
        "tim_contacts/contact",
        "users;--/name",
        "ignored_users/ignored_user_id",
    ):
        assert (await enforcing.admin.request("GET", f"{path}/{quote(place)}")).status == 404, place
    for after in ("x", "(1,2)--", "9" * 300):
        wrong = await enforcing.admin.request("GET", f"{path}/users/name?after={quote(after)}")
        assert (wrong.status, wrong.body["errcode"]) == (400, "M_INVALID_PARAM"), after


async def test_pages_follow_each_other_without_gap(enforcing: RetentionServer, tmp_path: Path) -> None:
    """A hundred thousand events of hers among those of others; each once, in their order."""
    her = await enforcing.user()
    count = 100_000
    (last,) = enforcing.query("SELECT COALESCE(MAX(stream_ordering), 0) FROM events")[0]
    first = last + 1_000_000
    try:
        enforcing.query(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?)"
            " INSERT INTO events (stream_ordering, topological_ordering, event_id, type, room_id, processed, outlier,"
            " depth, sender) SELECT ? + i, 1, '$export' || i, 'm.room.message', '!export:x', 1, 0, 1, ? FROM n",
            (count, first, her.user_id),
        )
        data = await exported(enforcing, her.user_id, tmp_path / "out")
        found = [row["event_id"] for row in rows_of(data, "events")]
        assert found == [f"$export{number}" for number in range(count)]
        assert (tmp_path / "out" / "auskunft.html").stat().st_size < 2_000_000
    finally:
        enforcing.query("DELETE FROM events WHERE room_id = '!export:x'")


async def test_an_export_is_in_the_audit_log_without_her_name(enforcing: RetentionServer, tmp_path: Path) -> None:
    her = await enforcing.user()
    await exported(enforcing, her.user_id, tmp_path / "out")
    bodies = [body for (body,) in enforcing.query("SELECT body FROM tim_audit")]
    assert any('"kind":"access"' in body and enforcing.admin.user_id in body for body in bodies)
    assert not any(her.user_id in body for body in bodies)
