"""`tim dsgvo`: documents that data protection asks for, made from what is configured."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from tim_cli.documents import markdown, open_places, page
from tim_cli.dsgvo_documents import BREACH, RECORD, breach, record
from tim_cli.dsgvo_facts import read_facts, read_homeserver
from tim_policy.errors import ConfigError

app = typer.Typer(help="Data protection documents, in German.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Documents in German."""


@app.command("record")
def write_record(
    config: Annotated[Path, typer.Option(help="homeserver.yaml, from which policy and profile are taken.")],
    out: Annotated[Path, typer.Option(help="Directory for the documents; made when it is missing.")],
    facts: Annotated[Path | None, typer.Option(help="YAML file with a `dsgvo:` block: who is responsible.")] = None,
) -> None:
    """Write the record of processing (Art. 30) and the template of a breach notification (Art. 33)."""
    known, homeserver = read_facts(facts), read_homeserver(config)
    day = f"{datetime.now(UTC):%d.%m.%Y}"
    documents = {
        "verarbeitungsverzeichnis": (RECORD, record(known, homeserver, day)),
        "datenpanne": (BREACH, breach(known, homeserver, day)),
    }
    try:
        out.mkdir(exist_ok=True)
        for name, (title, blocks) in documents.items():
            (out / f"{name}.html").write_text(page(title, blocks), encoding="utf-8")
            (out / f"{name}.md").write_text(markdown(blocks), encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out: cannot write {out} ({error.strerror})") from None
    for name, (_, blocks) in documents.items():
        typer.echo(f"{out / name}.html and .md: {open_places(blocks)} places to fill in")
