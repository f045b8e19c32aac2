"""`tim gate`: asks a homeserver's gate what it lets through and why, over the module's admin API."""

import json
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tim_cli import gate_report as report
from tim_cli.admin_request import DEFAULT_URL, AsJson, TokenFile, Url, ask
from tim_cli.directory_countries import countries

app = typer.Typer(
    help="The federation gate of a running homeserver: who may take part, and why. All but `countries` need the "
    "access token of a server admin.",
    no_args_is_help=True,
)
app.command()(countries)

Server = Annotated[str, typer.Argument(metavar="SERVER", help="Server name, e.g. praxis.example.de.")]


@app.command()
def status(token_file: TokenFile, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Which list is in use, since when, by whom signed; exit 1 when there is none and everybody is refused."""
    answer = ask("GET", url, "gate/status", token_file)
    _print(answer, report.status, as_json=as_json)
    if not answer["list"]["in_use"]:
        raise typer.Exit(1)


@app.command()
def explain(server: Server, token_file: TokenFile, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Why SERVER is in or out: each rule, the evidence, the decision; exit 1 when it is refused."""
    answer = ask("GET", url, f"gate/explain/{quote(server, safe='')}", token_file)
    _print(answer, report.explain, as_json=as_json)
    if answer["decision"] != "allow":
        raise typer.Exit(1)


@app.command()
def diff(token_file: TokenFile, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """What the last update of the list changed."""
    _print(ask("GET", url, "gate/diff", token_file), report.diff, as_json=as_json)


@app.command()
def isolate(
    server: Server,
    token_file: TokenFile,
    url: Url = DEFAULT_URL,
    as_json: AsJson = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, say what would happen.")] = False,
    leave: Annotated[
        bool, typer.Option("--leave", help="Where SERVER's users cannot be removed, have our users leave the room.")
    ] = False,
) -> None:
    """Remove SERVER's users from the rooms of this homeserver; exit 1 when a room is left with them."""
    query = f"?dry_run={str(dry_run).lower()}&leave={str(leave).lower()}"
    answer = ask("POST", url, f"gate/isolate/{quote(server, safe='')}{query}", token_file)
    _print(answer, report.isolation, as_json=as_json)
    if any(room["outcome"] in {"skipped", "failed"} for room in answer["rooms"]):
        raise typer.Exit(1)


def _print(answer: dict[str, Any], text: Any, *, as_json: bool) -> None:
    typer.echo(json.dumps(answer, indent=2) if as_json else text(answer))
