"""`tim gate` when something is wrong, and its text for every answer: plain, and nothing that steers a terminal."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tim_cli import gate_report as report
from tim_cli.admin_request import HomeserverUnreachable
from tim_cli.gate import app
from tim_policy.errors import ConfigError


@pytest.fixture
def token(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("syt_secret\n")
    return path


@contextmanager
def answering(status: int, body: bytes, headers: dict[str, str] | None = None) -> Iterator[str]:
    """A web server with one answer."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def fault(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert isinstance(result.exception, ConfigError | HomeserverUnreachable), result
    text = str(result.exception)
    assert "\n" not in text
    assert "syt_secret" not in text
    return text


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("127.0.0.1:8008", "--url: '127.0.0.1:8008' is no address"),
        ("ftp://127.0.0.1", "--url: 'ftp://127.0.0.1' is no address"),
        ("file:///etc/passwd", "is no address"),
        ("http://", "is no address"),
        ("http://127.0.0.1:port", "does not answer (InvalidURL)"),
        ("http://127.0.0.1:1", "does not answer ([Errno 111] Connection refused); is the homeserver running?"),
    ],
)
def test_an_address_that_cannot_be_used_is_named(token: Path, url: str, text: str) -> None:
    assert text in fault("status", "--url", url, "--token-file", str(token))


@pytest.mark.parametrize("content", ["", "\n", "two words", "two\nlines", "ö", "\x1b[31m"])
def test_a_file_without_a_token_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "token"
    path.write_text(content)
    assert "holds no access token" in fault("status", "--token-file", str(path))
    assert "cannot read" in fault("status", "--token-file", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, b"<html>", "does not answer (JSONDecodeError)"),
        (200, b"[]", "is no homeserver with tim_synapse"),
        (401, b"{}", "the homeserver does not know the token"),
        (403, b"", "is not one of a server admin"),
        (404, b"{}", "has no tim_synapse (404); is the module loaded?"),
        (500, b"oops", "answered with status 500; see the homeserver's log"),
        (400, b'{"errcode": "M_INVALID_PARAM", "error": "bad \\u001b[31mname"}', "SERVER: bad �[31mname"),
    ],
)
def test_an_answer_that_is_no_success_is_one_line(token: Path, status: int, body: bytes, text: str) -> None:
    with answering(status, body) as url:
        assert text in fault("status", "--url", url, "--token-file", str(token))


def test_the_token_is_not_carried_along_by_a_redirect(token: Path) -> None:
    with answering(302, b"", {"Location": "http://127.0.0.1:1/"}) as url:
        assert "answered with status 302" in fault("status", "--url", url, "--token-file", str(token))


@pytest.mark.parametrize(
    ("answer", "lines"),
    [
        ({"previous_version": None, "version": None, "added": [], "removed": []}, ["There is no verified list yet."]),
        (
            {"previous_version": 7, "version": 9, "added": ["a.test"], "removed": ["b.test"]},
            ["version 7 -> 9: 1 added, 1 removed", "+ a.test", "- b.test"],
        ),
        (
            {"previous_version": None, "version": 9, "added": [], "removed": []},
            ["Version 9 is the first one this process knows; there is nothing to compare it with."],
        ),
    ],
)
def test_a_diff_is_told_line_by_line(answer: dict[str, Any], lines: list[str]) -> None:
    assert report.diff(answer).splitlines() == lines


def room(outcome: str, way: str = "remove") -> dict[str, Any]:
    return {"room_id": "!r:a", "members": 2, "local_members": 1, "way": way, "outcome": outcome}


@pytest.mark.parametrize(
    ("rooms", "code", "text"),
    [
        ([], 0, "No room of this homeserver has members of x.test."),
        ([room("planned")], 0, "would be removed and the room closed to their server"),
        ([room("planned", "leave")], 0, "ours would leave"),
        ([room("removed")], 0, "!r:a  2 of theirs, 1 of ours  removed"),
        ([room("left", "leave")], 0, "ours left"),
        ([room("removed"), room("skipped", "leave")], 1, "STAYS: nobody of ours may remove them; add --leave"),
        ([room("failed")], 1, "FAILED: see the homeserver's log"),
    ],
)
def test_isolation_says_what_became_of_each_room(
    token: Path, monkeypatch: pytest.MonkeyPatch, rooms: list[dict[str, Any]], code: int, text: str
) -> None:
    answer = {"server_name": "x.test", "dry_run": False, "rooms": rooms}
    monkeypatch.setattr("tim_cli.gate.ask", lambda *_: json.loads(json.dumps(answer)))
    result = CliRunner().invoke(app, ["isolate", "x.test", "--token-file", str(token)])
    assert result.exit_code == code
    assert text in result.output


CONTROL = "\x1b]0;evil\x07\u202e\r\n"


@pytest.mark.parametrize(
    ("render", "answer"),
    [
        (report.diff, {"previous_version": 1, "version": 2, "added": [CONTROL], "removed": []}),
        (report.isolation, {"server_name": CONTROL, "dry_run": False, "rooms": []}),
        (
            report.explain,
            {"server_name": CONTROL, "decision": "deny", "reason": CONTROL, "passes_now": False, "rules": []},
        ),
    ],
)
def test_foreign_text_cannot_steer_the_terminal(render: Callable[[Any], str], answer: dict[str, Any]) -> None:
    text = render(answer)
    assert not set(CONTROL) - {"\n"} - set("]0;evil") & set(text)
