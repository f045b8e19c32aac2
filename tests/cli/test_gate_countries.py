"""`tim gate countries`: from the federation list and the directory to the file the gate reads."""

import asyncio
import http.server
import json
import stat
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import pytest
import pytest_asyncio
from typer.testing import CliRunner, Result

from tim_cli import directory_countries
from tim_cli.gate import app
from tim_policy.decision import Allow, Deny, Reason
from tim_policy.errors import TimError
from tim_policy.residency import ResidencyEvidence, judge_residency
from tim_policy.settings import load_settings
from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.homeserver_client import MatrixUser
from tim_sandbox.members import PFLEGE, PRAXIS
from tim_sandbox.pki import ListPki, make_list_pki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.running import Sandbox
from tim_synapse.directory_countries import CountriesFile
from tim_synapse.residency_config import ResidencyConfig, load_residency

NewUser = Callable[[str], Awaitable[MatrixUser]]

OLD = '{"1-20-OLD": "AT"}'
HAS_COUNTRY, UNKNOWN = "1-20-A", "1-20-B"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def pki() -> ListPki:
    return make_list_pki()


class Folder:
    """The files of one run."""

    def __init__(self, path: Path, pki: ListPki) -> None:
        self.path = path
        self._pki = pki
        write_list_pki(pki, path)
        self.out = path / "countries.json"
        self.out.write_text(OLD)
        (path / "token").write_text("secret\n")
        self.write_list(HAS_COUNTRY, UNKNOWN)

    def write_list(self, *telematik_ids: str) -> None:
        entries = [
            {"domain": f"h{number}.test", "telematikID": telematik_id, "isInsurance": False}
            for number, telematik_id in enumerate(telematik_ids)
        ]
        document = sign_federation_list({"version": 1, "domainList": entries}, self._pki.signer)
        (self.path / "list.jws").write_bytes(document)

    def arguments(self, url: str, **changed: str | Path) -> list[str]:
        options: dict[str, str | Path] = {
            "directory": url,
            "token-file": self.path / "token",
            "list": self.path / "list.jws",
            "roots": self.path / "roots.json",
            "issuer": self.path / "component-ca.der",
            "out": self.out,
            **{name.replace("_", "-"): value for name, value in changed.items()},
        }
        return ["countries", *(text for name, value in options.items() for text in (f"--{name}", str(value)))]

    def run(self, url: str, **changed: str | Path) -> Result:
        return CliRunner().invoke(app, self.arguments(url, **changed))

    def fault(self, url: str, **changed: str | Path) -> str:
        """The one line of a refused run, which leaves everything as it was."""
        before = sorted(path.name for path in self.path.iterdir())
        result = self.run(url, **changed)
        assert isinstance(result.exception, TimError), result
        text = str(result.exception)
        assert "\n" not in text
        assert "secret" not in text
        assert self.out.read_text() == OLD
        assert sorted(path.name for path in self.path.iterdir()) == before
        return text


@pytest.fixture
def folder(tmp_path: Path, pki: ListPki) -> Folder:
    return Folder(tmp_path, pki)


def searchset(telematik_id: str, *countries: str, **fields: Any) -> bytes:
    organisation = {
        "resourceType": "Organization",
        "id": "1",
        "active": True,
        "identifier": [{"value": telematik_id}],
        "address": [{"country": country} for country in countries],
    }
    entry = [{"resource": organisation}] if countries else []
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": entry, **fields}).encode()


@contextmanager
def answering(answer: Callable[[str], tuple[int, bytes]]) -> Iterator[str]:
    """A directory with faults the stand-in does not have: from Telematik-ID to status and body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answer(parse_qs(urlsplit(self.path).query)["organization.identifier"][0])
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:1/")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


@pytest_asyncio.fixture
async def search_token(federation: Sandbox, new_user: NewUser) -> str:
    user = await new_user("praxis.tim.test")
    path = f"/_matrix/client/v3/user/{quote(user.user_id)}/openid/request_token"
    openid = (await user.request("POST", path, {})).body["access_token"]
    url, headers = f"{federation.vzd.url}/tim-authenticate", {"X-Matrix-OpenID-Token": openid}
    async with federation.http.get(url, params={"mxId": "praxis.tim.test"}, headers=headers) as answer:
        return str((await answer.json())["access_token"])


async def tim(arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tim_cli.main", "gate", *arguments]
    return await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60, check=False)


async def test_the_directory_is_asked_for_everybody_on_its_list(
    federation: Sandbox, folder: Folder, search_token: str
) -> None:
    url, pki = federation.vzd.url, federation.layout.pki
    async with federation.http.get(f"{url}/tim-provider-services/FederationList/federationList.jws") as answer:
        (folder.path / "list.jws").write_bytes(await answer.read())
    (folder.path / "token").write_text(search_token)
    trust = {"roots": pki / "roots.json", "issuer": pki / "component-ca.der"}
    result = await tim(folder.arguments(url, **trust))
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[0].split() == ["found", "2"]
    assert json.loads(folder.out.read_text()) == {PFLEGE.telematik_id: "DE", PRAXIS.telematik_id: "DE"}
    assert stat.S_IMODE(folder.out.stat().st_mode) == 0o644

    (folder.path / "token").write_text("expired")
    before = folder.out.read_text()
    result = await tim(folder.arguments(url, **trust))
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("tim: --token-file: the directory does not accept the token")
    assert len(result.stderr.splitlines()) == 1
    assert folder.out.read_text() == before


async def test_an_organisation_the_directory_does_not_know_is_left_out(
    federation: Sandbox, folder: Folder, search_token: str
) -> None:
    assert PRAXIS.telematik_id
    folder.write_list(PRAXIS.telematik_id, UNKNOWN)
    (folder.path / "token").write_text(search_token)
    result = await tim(folder.arguments(federation.vzd.url))
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[:2] == ["found            1", "without country  1 (left out)"]
    assert json.loads(folder.out.read_text()) == {PRAXIS.telematik_id: "DE"}


async def test_the_gate_reads_the_file_and_knows_where_the_organisation_is(
    federation: Sandbox, folder: Folder, search_token: str
) -> None:
    assert PRAXIS.telematik_id
    folder.write_list(PRAXIS.telematik_id, UNKNOWN)
    (folder.path / "token").write_text(search_token)
    gate = CountriesFile(folder.out)
    assert (await tim(folder.arguments(federation.vzd.url))).returncode == 0
    gate.reload()
    policy = load_residency(load_settings(ResidencyConfig, {}, "tim_synapse")).policy

    def verdict(telematik_id: str) -> Allow | Deny:
        return judge_residency(ResidencyEvidence(policy, directory_country=gate.country(telematik_id)))

    assert isinstance(verdict(PRAXIS.telematik_id), Allow)
    unknown = verdict(UNKNOWN)
    assert isinstance(unknown, Deny)
    assert unknown.reason is Reason.SERVER_REGION_UNKNOWN


def test_what_is_not_clear_is_left_out_and_told(folder: Folder) -> None:
    control = "1-20-\x7f\x85"
    answers: Mapping[str, bytes] = {
        "1-20-FR": searchset("1-20-FR", "fr"),
        "1-20-TWO": searchset("1-20-TWO", "DE", "FR"),
        "1-20-NONE": searchset("1-20-NONE"),
        "1-20-NAME": searchset("1-20-NAME", "Deutschland"),
        "1-20-PAGES": searchset("1-20-PAGES", "DE", link=[{"relation": "next"}]),
        "1-20-OTHER": searchset("1-20-FR", "DE"),
    }
    folder.write_list(*answers, control, "1" * 2000, "1-20-FR")
    with answering(lambda telematik_id: (200, answers[telematik_id])) as url:
        result = folder.run(url)
    assert result.exit_code == 0, result
    assert result.output.splitlines() == [
        "found            2",
        "without country  4 (left out)",
        "contradicting    1 (left out)",
        "  1-20-TWO: the directory names different countries",
        "  1-20-PAGES: more entries than one answer holds; left out",
        "  1-20-NAME: its country is no code, which is never allowed",
    ]
    written = CountriesFile(folder.out)
    assert json.loads(folder.out.read_text()) == {"1-20-FR": "FR", "1-20-NAME": "unreadable"}
    assert (written.country("1-20-FR"), written.country("1-20-NAME")) == ("FR", "unreadable")


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (401, b"", "--token-file: the directory does not accept the token in"),
        (403, b"", "--token-file: the directory does not accept the token in"),
        (500, b"oops", "answered with status 500"),
        (503, b"", "answered with status 503"),
        (404, b"{}", "answered with status 404; is it the base address of a VZD?"),
        (302, b"", "answered with status 302"),
        (200, b"<html>", "answered with something that is not JSON"),
        (200, b"\xff", "answered with something that is not JSON"),
        (200, b"[" * 100_000, "answered with something that is not JSON"),
        (200, b"null", "answered with something else than a FHIR Bundle"),
        (200, b'{"resourceType": "OperationOutcome"}', "answered with something else than a FHIR Bundle"),
        (200, b" " * (4 * 1024**2 + 1), "answered with more than 4 MiB"),
        (200, searchset(HAS_COUNTRY), "has no country for any of the 2 organisations on the list"),
    ],
)
def test_a_fault_is_one_line_and_the_old_file_stays(folder: Folder, status: int, body: bytes, text: str) -> None:
    with answering(lambda _: (status, body)) as url:
        assert text in folder.fault(url)


def test_a_fault_half_way_leaves_the_old_file_too(folder: Folder) -> None:
    with answering(lambda asked: (200, searchset(asked, "DE")) if asked == HAS_COUNTRY else (500, b"")) as url:
        assert "answered with status 500" in folder.fault(url)


def test_a_directory_that_does_not_answer_in_time_is_a_fault(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(directory_countries, "_TIMEOUT_S", 0.2)
    asked_enough = threading.Event()

    def wait(_: str) -> tuple[int, bytes]:
        asked_enough.wait(30)
        return 200, b""

    with answering(wait) as url:
        try:
            assert "does not answer (TimeoutError)" in folder.fault(url)
        finally:
            asked_enough.set()
    assert "does not answer ([Errno 111] Connection refused)" in folder.fault("http://127.0.0.1:1")


def test_what_cannot_be_used_is_named(folder: Folder, tmp_path: Path) -> None:
    assert "--directory: 'vzd.test' is no address" in folder.fault("vzd.test")
    assert "--directory: 'http://[' is no address" in folder.fault("http://[")
    assert "does not answer (InvalidURL)" in folder.fault("http://127.0.0.1:port")
    assert "--directory: 'http://127.0.0.1:1/ä' is no address" in folder.fault("http://127.0.0.1:1/ä")
    assert "--token-file: cannot read" in folder.fault("http://127.0.0.1:1", token_file=tmp_path / "none")
    assert "--list: cannot read" in folder.fault("http://127.0.0.1:1", list=tmp_path / "none")
    assert "no path to a trusted root" in folder.fault("http://127.0.0.1:1", roots=_other_roots(tmp_path))
    with answering(lambda asked: (200, searchset(asked, "DE"))) as url:
        assert "--out: cannot write" in folder.fault(url, out=tmp_path / "none" / "countries.json")


def _other_roots(tmp_path: Path) -> Path:
    write_list_pki(make_list_pki(), tmp_path / "other")
    return tmp_path / "other" / "roots.json"
