"""The gate's admin API and `tim gate` on a running homeserver: who may ask, and what the answers say."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from tests.mmdb import country, write_mmdb
from tests.synapse.conftest import NAME, LoneServer, running_lone_server
from tim_sandbox.homeserver_client import Answer, MatrixUser
from tim_sandbox.pki import ListPki

GATE = "/_synapse/client/tim/v1/gate"
FRIEND, ABROAD, UNKNOWN, CONTRADICTED = "friend.tim.test", "192.0.2.200:8448", "localhost", "192.0.2.201"
HERE, MOVED = "192.0.2.7", "[2001:db8::7]:8448"
LISTED = (FRIEND, ABROAD, UNKNOWN, CONTRADICTED, HERE, MOVED)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(
    tmp_path_factory: pytest.TempPathFactory, new_base_port: Callable[[], int], pki: ListPki
) -> AsyncIterator[LoneServer]:
    """A homeserver that enforces residency, with evidence of all three kinds."""
    directory = tmp_path_factory.mktemp("residency")
    database = write_mmdb(
        directory / "country.mmdb",
        {"192.0.2.0/25": country("DE"), "192.0.2.128/25": country("US"), "2001:db8::/32": country("FR")},
    )
    directory_countries = directory / "directory.json"
    directory_countries.write_text(json.dumps({"1-20": "DE"}))
    residency = {
        "countries": {FRIEND: "DE", CONTRADICTED: "DE"},
        "mmdb_file": str(database),
        "directory_countries_file": str(directory_countries),
    }
    async with running_lone_server(directory, new_base_port(), pki, residency) as lone:
        lone.source.serve(7, *LISTED)
        async with lone.source.listening():
            await lone.refreshed("ok", times=1)
            yield lone


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def admin(server: LoneServer) -> MatrixUser:
    return await server.user(is_admin=True)


async def get(user: MatrixUser, path: str) -> Answer:
    return await user.request("GET", f"{GATE}/{path}")


async def explain(user: MatrixUser, server_name: str) -> dict[str, Any]:
    answer = await get(user, f"explain/{quote(server_name, safe='')}")
    assert answer.status == 200, answer
    return dict(answer.body)


async def settled(user: MatrixUser, server_name: str) -> dict[str, Any]:
    """The explanation once addresses were checked and the gate follows."""
    async with asyncio.timeout(30):
        while True:
            explained = await explain(user, server_name)
            is_followed = explained["passes_now"] == (explained["decision"] == "allow")
            if explained["residency"]["address_countries"] is not None and is_followed:
                return explained
            await asyncio.sleep(0.1)


PATHS = [
    ("GET", "status"),
    ("GET", "diff"),
    ("GET", f"explain/{FRIEND}"),
    ("GET", f"members/{FRIEND}"),
    ("POST", f"isolate/{FRIEND}?dry_run=true"),
    ("GET", "no-such-thing"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
async def test_only_server_admins_may_ask(server: LoneServer, method: str, path: str) -> None:
    without = await server.client.request(method, f"{GATE}/{path}")
    assert (without.status, without.body["errcode"]) == (401, "M_MISSING_TOKEN")
    wrong = await server.client.request(method, f"{GATE}/{path}", access_token="syt_wrong")
    assert (wrong.status, wrong.body["errcode"]) == (401, "M_UNKNOWN_TOKEN")
    person = await (await server.user()).request(method, f"{GATE}/{path}")
    assert (person.status, person.body["errcode"]) == (403, "M_FORBIDDEN")


@pytest.mark.parametrize(
    ("method", "path", "status", "errcode"),
    [
        ("GET", "", 404, "M_NOT_FOUND"),
        ("GET", "no-such-thing", 404, "M_NOT_FOUND"),
        ("GET", "explain", 404, "M_NOT_FOUND"),
        ("GET", "explain/a/b", 404, "M_NOT_FOUND"),
        ("GET", f"isolate/{FRIEND}", 404, "M_NOT_FOUND"),
        ("POST", "status", 404, "M_NOT_FOUND"),
        ("DELETE", f"isolate/{FRIEND}", 405, "M_UNRECOGNIZED"),
        ("GET", "members/not%20a%20name", 400, "M_INVALID_PARAM"),
        ("GET", f"members/{NAME}", 400, "M_INVALID_PARAM"),
        ("POST", f"isolate/{NAME}", 400, "M_INVALID_PARAM"),
        ("POST", f"isolate/{FRIEND}?dry_run=perhaps", 400, "M_INVALID_PARAM"),
        ("POST", f"isolate/{FRIEND}?dry_run=true&dry_run=false", 400, "M_INVALID_PARAM"),
    ],
)
async def test_what_cannot_be_answered_is_a_matrix_error(
    admin: MatrixUser, method: str, path: str, status: int, errcode: str
) -> None:
    answer = await admin.request(method, f"{GATE}/{path}")
    assert (answer.status, answer.body["errcode"]) == (status, errcode)


@pytest.mark.parametrize(
    ("server_name", "decision", "operator", "addresses"),
    [
        pytest.param(HERE, "allow", None, ["DE"], id="address in an allowed country"),
        pytest.param(MOVED, "allow", None, ["FR"], id="IPv6 literal with port"),
        pytest.param(ABROAD, "server_outside_region", None, ["US"], id="address abroad"),
        pytest.param(CONTRADICTED, "server_outside_region", "DE", ["US"], id="address contradicts the operator"),
        pytest.param(UNKNOWN, "allow", None, [], id="loopback is no evidence, the directory is"),
    ],
)
async def test_residency_is_explained_and_enforced(
    admin: MatrixUser, server_name: str, decision: str, operator: str | None, addresses: list[str]
) -> None:
    explained = await settled(admin, server_name)
    assert explained.get("reason", explained["decision"]) == decision
    assert explained["passes_now"] == (decision == "allow")
    evidence = explained["residency"]
    assert (evidence["operator_country"], evidence["directory_country"]) == (operator, "DE")
    assert evidence["address_countries"] == addresses
    assert [rule["rule"] for rule in explained["rules"]] == ["server_federation", "server_residency"]
    assert explained["list"]["telematik_id"] == "1-20"


async def test_a_name_that_does_not_resolve_keeps_its_other_evidence(admin: MatrixUser) -> None:
    explained = await explain(admin, FRIEND)
    assert explained["decision"] == "allow"
    assert explained["residency"]["address_countries"] is None


@pytest.mark.parametrize(
    ("server_name", "reason"),
    [
        ("stranger.test", "server_not_listed"),
        ("FRIEND.tim.test", "invalid_server_name"),
        ("friend.tim.test.", "invalid_server_name"),
        ("пример.test", "invalid_server_name"),
        ("a\x00b", "invalid_server_name"),
        ("x" * 300, "invalid_server_name"),
    ],
)
async def test_every_name_has_an_explanation(admin: MatrixUser, server_name: str, reason: str) -> None:
    explained = await explain(admin, server_name)
    assert (explained["decision"], explained["reason"], explained["passes_now"]) == ("deny", reason, False)


async def test_the_own_server_is_always_in(admin: MatrixUser) -> None:
    explained = await explain(admin, NAME)
    assert (explained["decision"], explained["is_own_server"], explained["passes_now"]) == ("allow", True, True)


async def test_status_counts_what_the_list_and_residency_say(admin: MatrixUser) -> None:
    for server_name in LISTED[1:]:
        await settled(admin, server_name)
    status = (await get(admin, "status")).body
    assert (status["server_name"], status["worker"]) == (NAME, "main")
    of_list = status["list"]
    assert (of_list["version"], of_list["in_use"], of_list["servers"]) == (7, True, len(LISTED))
    assert of_list["outage"] is None
    assert of_list["age_seconds"] < 60
    assert status["allowed_servers"] == 4
    assert status["residency"] == {"mode": "enforce", "listed_servers": {"allowed": 4, "server_outside_region": 2}}


async def test_diff_tells_what_the_last_update_changed(server: LoneServer, admin: MatrixUser) -> None:
    server.source.serve(8, *LISTED, "new.tim.test")
    await server.refreshed("ok")
    answer = (await get(admin, "diff")).body
    assert answer == {"previous_version": 7, "version": 8, "added": ["new.tim.test"], "removed": []}


async def test_without_shared_rooms_there_is_nothing_to_isolate(admin: MatrixUser) -> None:
    assert (await get(admin, f"members/{FRIEND}")).body == {"server_name": FRIEND, "rooms": []}
    done = await admin.request("POST", f"{GATE}/isolate/{FRIEND}")
    assert done.body == {"server_name": FRIEND, "dry_run": False, "rooms": []}


async def tim_gate(server: LoneServer, directory: Path, token: str, *arguments: str) -> tuple[int, str, str]:
    """Exit code, output and error output of `tim gate`."""
    token_file = directory / "token"
    token_file.write_text(token + "\n")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tim_cli.main", "gate", *arguments),
        *("--url", server.client.client_url, "--token-file", str(token_file)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["status"], 0, f"homeserver    {NAME} (main)"),
        (["explain", HERE], 0, "decision      allowed"),
        (["explain", ABROAD], 1, "REFUSED: a piece of evidence places it outside the allowed countries"),
        (["explain", "stranger.test"], 1, "REFUSED: not on the federation list"),
        (["explain", "a/../../status"], 1, "REFUSED: not a server name"),
        (["diff"], 0, "ersion 7"),
        (["isolate", FRIEND, "--dry-run"], 0, f"No room of this homeserver has members of {FRIEND}."),
    ],
)
async def test_the_command_line_says_it_plainly(
    server: LoneServer, admin: MatrixUser, tmp_path: Path, arguments: list[str], code: int, expected: str
) -> None:
    await settled(admin, ABROAD)
    returned, out, err = await tim_gate(server, tmp_path, admin.access_token, *arguments)
    assert (returned, err) == (code, "")
    assert expected in out


async def test_json_is_the_answer_of_the_api(server: LoneServer, admin: MatrixUser, tmp_path: Path) -> None:
    explained = await settled(admin, HERE)
    returned, out, _ = await tim_gate(server, tmp_path, admin.access_token, "explain", HERE, "--json")
    assert returned == 0
    assert json.loads(out) == explained


async def test_a_token_that_is_not_an_admins_is_one_line_and_code_2(server: LoneServer, tmp_path: Path) -> None:
    person = await server.user()
    returned, out, err = await tim_gate(server, tmp_path, person.access_token, "status")
    assert (returned, out) == (2, "")
    assert err == f"tim: --token-file: the token in {tmp_path / 'token'} is not one of a server admin\n"
    returned, _, err = await tim_gate(server, tmp_path, "syt_wrong", "status")
    assert (returned, err.count("\n")) == (2, 1)
    assert "does not know the token" in err


async def test_evidence_is_stored_and_no_fault_was_logged(server: LoneServer, admin: MatrixUser) -> None:
    await settled(admin, MOVED)
    with closing(sqlite3.connect(server.log.parent.parent / "homeserver" / "homeserver.db")) as database:
        stored = dict(database.execute("SELECT server_name, countries FROM tim_server_addresses"))
    assert (stored[HERE], stored[ABROAD], stored[MOVED], stored[UNKNOWN]) == ("DE", "US", "FR", "")
    assert "stranger.test" not in stored
    assert server.errors() == []


async def test_observing_lets_everybody_pass_and_tells_what_enforcing_would_refuse(
    tmp_path: Path, new_base_port: Callable[[], int], pki: ListPki
) -> None:
    residency = {"mode": "observe", "countries": {ABROAD: "US", HERE: "DE"}}
    async with running_lone_server(tmp_path, new_base_port(), pki, residency) as lone:
        lone.source.serve(7, ABROAD, HERE, UNKNOWN)
        async with lone.source.listening():
            await lone.refreshed("ok")
            admin = await lone.user(is_admin=True)
            abroad = await explain(admin, ABROAD)
            assert (abroad["decision"], abroad["passes_now"]) == ("allow", True)
            assert abroad["residency"]["mode"] == "observe"
            assert abroad["residency"]["verdict"]["reason"] == "server_outside_region"
            assert (await get(admin, "status")).body["residency"] == {
                "mode": "observe",
                "listed_servers": {"allowed": 1, "server_outside_region": 1, "server_region_unknown": 1},
            }
            metrics = await lone.client.metrics()
            assert 'tim_residency_listed_servers{verdict="server_region_unknown"} 1.0' in metrics
            code, out, _ = await tim_gate(lone, tmp_path, admin.access_token, "explain", ABROAD)
            assert code == 0
            assert "only observed: the server passes nevertheless" in out
