"""`tim retention` and `tim hold`: what a homeserver deletes when, and rooms in which it deletes nothing."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from tim_cli.admin_request import DEFAULT_URL, AsJson, TokenFile, Url, ask, printable
from tim_cli.retention_report import Report, page
from tim_policy.errors import ConfigError
from tim_policy.retention_policy import PolicyName, class_descriptions, period_text, shipped_policy
from tim_policy.settings import load_settings

app = typer.Typer(
    help="How long data stays. All but `policy` ask a running homeserver, with the access token of a server admin.",
    no_args_is_help=True,
)
hold_app = typer.Typer(help="Legal hold: rooms in which nothing is deleted.", no_args_is_help=True)

Room = Annotated[str, typer.Argument(metavar="ROOM", help="Room id, e.g. '!abc:praxis.example.de'.")]
PolicyArgument = Annotated[PolicyName, typer.Argument(metavar="POLICY", help="minimal, tim-1.1, tim-1.2 or epa.")]


@app.command()
def policy(name: PolicyArgument = PolicyName.MINIMAL) -> None:
    """Print a shipped policy: each data class, how long it stays, and what breaks when it is shorter."""
    periods = shipped_policy(name).periods
    for data_class, described in class_descriptions().items():
        typer.echo(f"{data_class:<20} {period_text(getattr(periods, data_class)):<11} {described.what}")
        typer.echo(f"{'':<20} {'':<11} shorter breaks: {described.breaks}")


@app.command()
def status(token_file: TokenFile, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """What is due and what was deleted; exit 1 when the clock is not believed and nothing is."""
    answer = ask("GET", url, "retention/status", token_file, "retention")
    typer.echo(json.dumps(answer, indent=2) if as_json else status_text(answer))
    if answer["clock_fault"] is not None:
        raise typer.Exit(1)


@app.command()
def report(
    token_file: TokenFile,
    out: Annotated[Path, typer.Option(help="HTML file to write.")],
    json_out: Annotated[Path | None, typer.Option(help="JSON file to write, for --before of a later report.")] = None,
    before: Annotated[Path | None, typer.Option(help="What --json-out wrote earlier, to compare with.")] = None,
    url: Url = DEFAULT_URL,
) -> None:
    """Write how many rows of which age each data class has, as a page with a chart; it names nobody."""
    earlier = None if before is None else _read_report(before)
    answer = ask("GET", url, "retention/report", token_file, "retention")
    current = load_settings(Report, answer, "--url: the homeserver's answer")
    if earlier is not None and earlier.edge_days != current.edge_days:
        raise ConfigError(f"--before: {before} counts by other ages; make a new one with --json-out")
    files = [(out, page(current, earlier), "--out")]
    if json_out is not None:
        files.append((json_out, json.dumps(answer, indent=2) + "\n", "--json-out"))
    for path, content, option in files:
        try:
            path.write_text(content, encoding="utf-8")
        except OSError as error:
            raise ConfigError(f"{option}: cannot write {path} ({error.strerror})") from None
    typer.echo(f"report in {', '.join(str(path) for path, _, _ in files)}")


@app.command()
def run(token_file: TokenFile, url: Url = DEFAULT_URL) -> None:
    """Have the homeserver begin a run now; `status` shows how far it is."""
    ask("POST", url, "retention/run", token_file, "retention")
    typer.echo("A run begins within a second.")


@app.command()
def confirm_clock(token_file: TokenFile, url: Url = DEFAULT_URL) -> None:
    """Say that the homeserver's clock is right, although it jumped; compare it with another clock first."""
    ask("POST", url, "retention/confirm-clock", token_file, "retention")
    typer.echo("The next run believes the clock.")


@hold_app.command()
def add(
    room: Room,
    reference: Annotated[
        str, typer.Option(help="Your own reference, e.g. of the case; names of people do not belong.")
    ],
    token_file: TokenFile,
    url: Url = DEFAULT_URL,
) -> None:
    """Hold ROOM: neither it nor anything in it is deleted by retention."""
    path = f"retention/hold/{quote(room, safe='')}?reference={quote(reference)}"
    ask("POST", url, path, token_file, "ROOM")
    typer.echo("held")


@hold_app.command()
def release(room: Room, token_file: TokenFile, url: Url = DEFAULT_URL) -> None:
    """End the hold of ROOM."""
    ask("POST", url, f"retention/release/{quote(room, safe='')}", token_file, "ROOM")
    typer.echo("released")


@hold_app.command("list")
def list_holds(token_file: TokenFile, url: Url = DEFAULT_URL, as_json: AsJson = False) -> None:
    """Show the rooms that are held."""
    answer = ask("GET", url, "retention/holds", token_file, "retention")
    if as_json:
        typer.echo(json.dumps(answer, indent=2))
        return
    for hold in answer["holds"]:
        typer.echo(f"{printable(hold['room_id'])}  since {_time(hold['since_ts'])}  {printable(hold['reference'])}")
    if not answer["holds"]:
        typer.echo("No room is held.")


def status_text(answer: Mapping[str, Any]) -> str:
    """The answer of the API as a table."""
    mode = answer["mode"]
    lines = [
        f"policy     {answer['policy']} ({mode}{': nothing is deleted' if mode == 'observe' else ''})",
        f"last run   {_time(answer['run_began_ts'])} to {_time(answer['run_ended_ts'])}",
    ]
    if answer["clock_fault"] is not None:
        lines.append(f"CLOCK      {answer['clock_fault']}: nothing is deleted; see tim retention confirm-clock --help")
    lines += ["", f"{'data class':<20} {'where':<36} {'keep':<11} {'due':>9} {'deleted':>9} {'ever':>10}"]
    lines += [
        f"{sweep['data_class']:<20} {sweep['name']:<36} {answer['periods'][sweep['data_class']]:<11}"
        f" {sweep['due']:>9} {sweep['deleted']:>9} {sweep['deleted_ever']:>10}{'  running' * sweep['is_running']}"
        for sweep in answer["sweeps"]
    ]
    return "\n".join(lines)


def _read_report(path: Path) -> Report:
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"--before: cannot read {path} ({error.strerror})") from None
    except (ValueError, RecursionError):
        raise ConfigError(f"--before: {path} is no JSON; expected what --json-out wrote") from None
    return load_settings(Report, data, f"--before: {path}")


def _time(milliseconds: int | None) -> str:
    return "never" if milliseconds is None else f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M}Z"
