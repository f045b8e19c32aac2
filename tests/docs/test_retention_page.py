"""The commands of retention.md and anleitung-datenschutz.md exist as they stand there; snippets are accepted."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {name: (DOCS / name).read_text("utf-8") for name in ("retention.md", "anleitung-datenschutz.md")}
GROUPS = {"retention", "hold", "audit", "dsgvo", "gate"}


def snippets(page: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGES[page], re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [
        re.sub(r"\s+# .*", "", line) for page in PAGES for text in snippets(page, "sh") for line in text.splitlines()
    ]
    return sorted({line for line in lines if line.startswith("tim ")})


def tim(arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tim_cli.main", *arguments]
    environment = {"COLUMNS": "200", "TERM": "dumb", "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)


def named(line: str) -> list[str]:
    """`retention report` of `tim retention report --out …`."""
    words = shlex.split(line)[1:]
    return words[:2] if words[0] in GROUPS else words[:1]


@pytest.mark.parametrize("line", commands())
def test_a_command_has_the_options_that_it_is_shown_with(line: str, tmp_path: Path) -> None:
    result = tim([*named(line), "--help"], tmp_path)
    assert result.returncode == 0, result.stderr
    for option in re.findall(r"--[a-z-]+", line):
        assert option in result.stdout, option


def test_the_record_is_made_with_the_snippets(tmp_path: Path) -> None:
    retention, *_ = snippets("retention.md", "yaml")
    (facts,) = (text for text in snippets("retention.md", "yaml") if text.startswith("dsgvo:"))
    homeserver = {"server_name": "praxis.example.de", **yaml.safe_load(retention)}
    (tmp_path / "homeserver.yaml").write_text(yaml.safe_dump(homeserver), encoding="utf-8")
    (tmp_path / "dsgvo.yaml").write_text(facts, encoding="utf-8")
    (line,) = (line for line in commands() if line.startswith("tim dsgvo"))
    result = tim(shlex.split(line)[1:], tmp_path)
    assert result.returncode == 0, result.stderr
    record = (tmp_path / "dsgvo" / "verarbeitungsverzeichnis.md").read_text("utf-8")
    assert "NUR GEZÄHLT" in record, "the snippet observes"
    assert "Rechenzentrum GmbH" in record
    assert "auszufüllen: Name" not in record.replace("\\", "")


def test_every_command_in_the_text_exists(tmp_path: Path) -> None:
    shown = {
        tuple(text.split()[:2]) for page in PAGES.values() for text in re.findall(r"`tim ([a-z]+(?: [a-z-]+)?)", page)
    }
    assert len(shown) > 8
    for words in sorted(shown):
        assert tim([*named(f"tim {' '.join(words)}"), "--help"], tmp_path).returncode == 0, words
    assert (DOCS / "images" / "retention-report.png").read_bytes().startswith(b"\x89PNG")
