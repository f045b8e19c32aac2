"""`tim dsgvo record`: true to the configuration, open facts marked, nothing of a fact taken for a mark."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

FILES = ("verarbeitungsverzeichnis.html", "verarbeitungsverzeichnis.md", "datenpanne.html", "datenpanne.md")
RETENTION = {"policy": "tim-1.2", "mode": "enforce", "periods": {"reports": "45d"}}
PARTY = {"name": "Praxis Dr. Muster", "address": "Weg 1, 12345 Ort", "contact": "0123 456"}


def run(
    tmp_path: Path, module: dict[str, Any], facts: Any = None, server_name: Any = "praxis.example.de"
) -> subprocess.CompletedProcess[str]:
    homeserver = {
        "server_name": server_name,
        "database": {"name": "psycopg2"},
        "modules": [{"module": "tim_synapse.TimModule", "config": {"profile": "pro-basis-1.2", **module}}],
    }
    (tmp_path / "homeserver.yaml").write_text(yaml.safe_dump(homeserver))
    command = ["dsgvo", "record", "--config", "homeserver.yaml", "--out", "dsgvo"]
    if facts is not None:
        (tmp_path / "dsgvo.yaml").write_text(yaml.safe_dump(facts))
        command += ["--facts", "dsgvo.yaml"]
    return subprocess.run(
        [sys.executable, "-m", "tim_cli.main", *command], cwd=tmp_path, capture_output=True, text=True, check=False
    )


def texts(tmp_path: Path) -> dict[str, str]:
    return {name: (tmp_path / "dsgvo" / name).read_text("utf-8") for name in FILES}


def test_the_periods_are_those_of_the_configuration(tmp_path: Path) -> None:
    result = run(tmp_path, {"retention": RETENTION, "audit": {"key_file": "x"}})
    assert result.returncode == 0, result.stderr
    found = texts(tmp_path)
    record = found["verarbeitungsverzeichnis.md"]
    assert "praxis.example.de" in record
    assert "| Meldungen |" in record
    assert "| 45 Tage |" in record
    assert "Prüfprotokoll (tim audit verify)" in record
    assert "Netzadressen und Programmkennungen der Geräte werden nicht gespeichert" in record
    assert "| Netzadressen und Programme |" not in record
    assert "72 Stunden" in found["datenpanne.md"]
    assert "PostgreSQL" in found["datenpanne.html"]
    for text in found.values():
        assert "auszufüllen" in text
        assert "http://" not in text
        assert "<script" not in text


@pytest.mark.parametrize(
    ("module", "said", "not_said"),
    [
        ({}, "NICHT eingerichtet", "Selbsttätige Löschung"),
        ({"retention": {"mode": "observe"}}, "NUR GEZÄHLT", "löscht selbsttätig"),
        ({"retention": {"mode": "observe"}}, "| Netzadressen und Programme |", "werden nicht gespeichert"),
    ],
)
def test_nothing_is_claimed_that_is_not_configured(
    tmp_path: Path, module: dict[str, Any], said: str, not_said: str
) -> None:
    assert run(tmp_path, module).returncode == 0
    record = texts(tmp_path)["verarbeitungsverzeichnis.md"]
    assert said in record
    assert not_said not in record
    assert "Verkettetes" not in record


def test_facts_are_filled_in_and_counted(tmp_path: Path) -> None:
    facts = {"controller": PARTY, "data_protection_officer": PARTY, "representative": "Dr. M", "backups": "7 Tage"}
    before = run(tmp_path, {"retention": RETENTION}).stdout
    after = run(tmp_path, {"retention": RETENTION}, {"dsgvo": facts}).stdout
    count = [int(text.splitlines()[0].split(": ")[1].split()[0]) for text in (before, after)]
    assert count[0] - count[1] == 8
    assert "Praxis Dr. Muster" in texts(tmp_path)["datenpanne.html"]


def test_a_fact_is_no_mark(tmp_path: Path) -> None:
    name = "<script>x</script> | # *fett* [a](javascript:x) {{ 1 }}\n| neu |"
    assert run(tmp_path, {}, {"dsgvo": {"controller": {"name": name}}}).returncode == 0
    found = texts(tmp_path)
    assert "<script" not in found["verarbeitungsverzeichnis.html"]
    assert "{{ 1 }}" in found["verarbeitungsverzeichnis.html"]
    assert "<script" not in found["verarbeitungsverzeichnis.md"].replace("\\<", "")
    assert "](javascript" not in found["verarbeitungsverzeichnis.md"].replace("\\]", "")
    assert "\n| neu" not in found["verarbeitungsverzeichnis.md"]


@pytest.mark.parametrize(
    ("module", "facts", "message"),
    [
        ({"retention": {"mode": "sometimes"}}, None, "retention.mode: expected observe or enforce"),
        ({"retention": {"mode": "observe", "policy": "mine"}}, None, "retention.policy: expected one of minimal"),
        ({"retention": {"mode": "observe", "periods": {"report": "3d"}}}, None, "did you mean 'reports'?"),
        ({"retention": {"mode": "observe", "periods": {"reports": "0d"}}}, None, "write a number above 0"),
        ({}, {"dsgvo": {"contoller": {}}}, "dsgvo.contoller: unknown key; did you mean 'controller'?"),
        ({}, [1], "--facts: dsgvo.yaml"),
    ],
)
def test_faults_are_one_line(tmp_path: Path, module: dict[str, Any], facts: Any, message: str) -> None:
    result = run(tmp_path, module, facts)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "dsgvo").exists()


def test_a_file_that_is_no_homeserver_is_named(tmp_path: Path) -> None:
    assert "has no server_name" in run(tmp_path, {}, server_name=None).stderr
