"""`tim erase`: closes an account for good and deletes what Synapse would keep of it (GDPR Art. 17)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tim_cli.admin_request import DEFAULT_URL, TokenFile, Url, ask, printable
from tim_policy.errors import ConfigError

_MEDIA_PER_REQUEST = 100


def erase(
    user: Annotated[str, typer.Argument(metavar="USER", help="User id, e.g. @anna:praxis.example.de.")],
    token_file: TokenFile,
    url: Url = DEFAULT_URL,
    yes: Annotated[bool, typer.Option("--yes", help="Do it. Without this nothing is changed.")] = False,
) -> None:
    """Show what is stored of USER; with --yes deactivate and erase her, delete the rest, and print the certificate."""
    path = quote(user, safe="")
    plan = ask("GET", url, f"erasure/{path}", token_file, "USER")
    if not yes:
        typer.echo(plan_text(plan))
        typer.echo("\nNothing was changed. To erase this user for good, add --yes.")
        return
    if plan["held_rooms"]:
        raise ConfigError(
            f"USER: is in {plan['held_rooms']} rooms under legal hold; release them first (tim hold list)"
        )
    ask("POST", url, f"/_synapse/admin/v1/deactivate/{path}", token_file, "USER", {"erase": True})
    files = _delete_media(url, path, token_file)
    left = ask("POST", url, f"erasure/{path}", token_file, "USER")
    typer.echo(certificate(plan, left, files, datetime.now(UTC)))


def plan_text(plan: Mapping[str, Any]) -> str:
    """The tables that name the user."""
    lines = [f"{printable(plan['user_id'])}: rows that name this user", ""]
    lines += [
        f"{trace['rows']:>9}  {trace['table']:<36} {'erased' if trace['is_erasable'] else trace['how']}"
        for trace in plan["traces"]
    ]
    return "\n".join(lines)


def certificate(before: Mapping[str, Any], after: Mapping[str, Any], files: int, now: datetime) -> str:
    """What was deleted and what stays, in German: it is handed to the person."""
    left = {trace["table"]: trace for trace in after["traces"]}
    lines = [
        "Löschbestätigung (Art. 17 DSGVO)",
        "",
        f"Homeserver: {printable(after['server_name'])}",
        f"Benutzerkennung: {printable(after['user_id'])}",
        f"Zeitpunkt: {now:%d.%m.%Y %H:%M} UTC",
        f"Gelöschte Dateien: {files}",
        "",
        "Gelöscht (Tabelle: Zeilen):",
    ]
    deleted = [
        f"  {trace['table']}: {count}"
        for trace in before["traces"]
        if (count := trace["rows"] - left.get(trace["table"], {"rows": 0})["rows"]) > 0
    ]
    lines += deleted or ["  nichts"]
    lines += ["", "Noch vorhanden (Tabelle: Zeilen, wie oder warum):"]
    lines += [f"  {trace['table']}: {trace['rows']} ({trace['how']})" for trace in after["traces"]] or ["  nichts"]
    lines += [
        "",
        "Nachrichten in Räumen, die andere noch nutzen, bleiben dort; neuen Mitgliedern werden sie nicht mehr gezeigt.",
        "Andere Homeserver und Sicherungen sind nicht erfasst.",
    ]
    return "\n".join(lines)


def _delete_media(url: str, path: str, token_file: Any) -> int:
    """All files of the user, thumbnails included; Synapse deletes some at a time."""
    deleted = 0
    while True:
        media = f"/_synapse/admin/v1/users/{path}/media?limit={_MEDIA_PER_REQUEST}"
        answer = ask("DELETE", url, media, token_file, "USER")
        deleted += len(answer.get("deleted_media", []))
        if len(answer.get("deleted_media", [])) < _MEDIA_PER_REQUEST:
            return deleted
