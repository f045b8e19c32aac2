"""`tim federation-list verify` as an operator runs it: facts on stdout, or one line on stderr and exit code 2."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tim_sandbox.federation_list import sign_federation_list
from tim_sandbox.pki import ListPki, make_list_pki, make_list_signer
from tim_sandbox.pki_files import write_list_pki

GEMATIK = Path(__file__).parents[3] / "shared" / "gematik" / "federation-list"
ENTRIES = [
    {"domain": "praxis.tim.test", "telematikID": "1-20", "isInsurance": False},
    {"domain": "praxis.tim.test", "telematikID": "1-20", "isInsurance": False},
    {"domain": "kasse.tim.test", "telematikID": "8-01", "isInsurance": True},
    {"domain": "*", "telematikID": "1", "isInsurance": False},
]


def tim(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tim_cli.main", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> tuple[ListPki, Path]:
    pki, directory = make_list_pki(), tmp_path_factory.mktemp("pki")
    write_list_pki(pki, directory)
    return pki, directory


def verify(
    tmp_path: Path, pki: tuple[ListPki, Path], document: bytes, *options: str
) -> subprocess.CompletedProcess[str]:
    file = tmp_path / "list.jws"
    file.write_bytes(document)
    trust = ("--roots", pki[1] / "roots.json", "--issuer", pki[1] / "component-ca.der")
    return tim("federation-list", "verify", file, *trust, *options)


def test_a_good_list_is_described(tmp_path: Path, pki: tuple[ListPki, Path]) -> None:
    result = verify(tmp_path, pki, sign_federation_list({"version": 5, "domainList": ENTRIES}, pki[0].signer))
    assert (result.returncode, result.stderr) == (0, "")
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert facts["version"] == "5"
    assert facts["age"].startswith("0 d 0 h")
    assert facts["servers"] == "2 (4 entries, 1 repeated entries, 1 unusable entries left out)"
    assert facts["insurers"] == "1"
    assert facts["signer"].startswith("VZD-FHIR-FList-Signer < ")
    assert facts["OCSP"] == "not checked"


def test_every_fault_is_one_line_and_exit_code_2(tmp_path: Path, pki: tuple[ListPki, Path]) -> None:
    good = sign_federation_list({"version": 5, "domainList": ENTRIES}, pki[0].signer)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    expired = make_list_signer(pki[0].component_ca, not_before=yesterday - timedelta(days=9), not_after=yesterday)
    stranger = make_list_pki().signer
    faults: dict[str, tuple[bytes, tuple[str, ...]]] = {
        "was valid until": (sign_federation_list({"version": 5, "domainList": []}, expired), ()),
        "is not valid before": (good, ("--at", "2001-01-01")),
        "version 5 is older than 6": (good, ("--newest-version", "6")),
        "not a compact JWS": (b'{"version": 5, "domainList": []}', ()),
        "no path to a trusted root": (sign_federation_list({"version": 5, "domainList": []}, stranger), ()),
        "is the document complete?": (good[:-5], ()),
        "larger than 32 MiB": (b"A" * 100_000_000, ()),
        "not JSON": (sign_federation_list(b"no json", pki[0].signer), ()),
        "--at: 'soon' is no time": (good, ("--at", "soon")),
        "--ocsp: cannot read": (good, ("--ocsp", "no-such-file")),
    }
    for text, (document, options) in faults.items():
        result = verify(tmp_path, pki, document, *options)
        assert (result.returncode, result.stdout) == (2, ""), text
        assert text in result.stderr
        assert result.stderr.startswith("tim: ")
        assert len(result.stderr.splitlines()) == 1


def test_missing_files_are_named(tmp_path: Path, pki: tuple[ListPki, Path]) -> None:
    result = tim("federation-list", "verify", tmp_path / "absent.jws", "--roots", pki[1] / "roots.json")
    assert result.returncode == 2
    assert "FILE: cannot read" in result.stderr
    result = tim("federation-list", "verify", tmp_path, "--roots", tmp_path / "absent.json")
    assert result.returncode == 2
    assert "--roots: cannot read" in result.stderr


@pytest.mark.skipif(not GEMATIK.is_dir(), reason="gematik's list is not beside this checkout")
def test_gematiks_own_list_is_accepted() -> None:
    result = tim(
        "federation-list",
        "verify",
        GEMATIK / "federationList.jws",
        "--roots",
        GEMATIK / "roots.json",
        "--issuer",
        GEMATIK / "GEM.KOMP-CA50_TEST-ONLY.der",
        "--at",
        "2026-11-22T12:00:00Z",
    )
    assert result.returncode == 0, result.stderr
    facts = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert facts["version"] == "956"
    assert facts["servers"].startswith("173 (175 entries")
    assert facts["signer"] == "VZD-FHIR-FList-Signer < GEM.KOMP-CA50 TEST-ONLY < GEM.RCA4 TEST-ONLY"


@pytest.mark.parametrize(
    "arguments", [(), ("federation-list",), ("federation-list", "verify"), ("sandbox",), ("sandbox", "up"), ("bot",)]
)
def test_every_command_explains_itself(arguments: tuple[str, ...]) -> None:
    result = tim(*arguments, "--help")
    assert result.returncode == 0
    assert "Usage: tim" in result.stdout.replace("python -m tim_cli.main", "tim")
