"""`tim export`: what a homeserver holds about a person, as JSON, HTML and PDF (GDPR Art. 15)."""

import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Annotated, Any
from urllib.parse import quote

import typer

from tim_cli.admin_request import DEFAULT_URL, TokenFile, Url, ask
from tim_cli.export_page import html
from tim_cli.export_pdf import pdf, require_pdf
from tim_cli.export_sections import Section, Sections
from tim_policy.errors import ConfigError

_FILES = ("auskunft.json", "auskunft.html", "auskunft.pdf")


def export(
    user: Annotated[str, typer.Argument(metavar="USER", help="User id, e.g. @anna:praxis.example.de.")],
    out: Annotated[Path, typer.Option(help="Directory to make; gets auskunft.json, auskunft.html and auskunft.pdf.")],
    token_file: TokenFile,
    url: Url = DEFAULT_URL,
) -> None:
    """Write what is stored of USER, for herself: without secrets, and without what tells who others are."""
    require_pdf()
    path = quote(user, safe="")
    about = ask("GET", url, f"access/{path}", token_file, "USER")
    now = datetime.now(UTC)
    try:
        # Fails when it is there: nothing is overwritten, and no link is followed.
        out.mkdir(mode=0o700)
        sections = Sections(about, now)
        with _new(out / _FILES[0]) as target:
            _write_json(target, about, now, sections, _rows(url, path, token_file, about))
        with _new(out / _FILES[1]) as target:
            target.writelines(html(sections))
        with _new(out / _FILES[2], "wb") as target:
            pdf(sections, target)
    except OSError as error:
        raise ConfigError(f"--out: cannot write {out} ({error.strerror}); name a directory that is not there") from None
    typer.echo(f"{sections.rows} rows of {len(sections.filled)} tables in {out}: {', '.join(_FILES)}")


def _rows(url: str, path: str, token_file: Path, about: dict[str, Any]) -> Iterator[tuple[str, str, str, Any]]:
    """Table, column, data class and row; None in the place of the row: there is no more of this column."""
    for table, column, data_class in about["places"]:
        after: str | None = ""
        while after is not None:
            where = f"access/{path}/{quote(table, safe='')}/{quote(column, safe='')}?after={quote(after, safe='')}"
            page = ask("GET", url, where, token_file, "USER")
            for row in page["rows"]:
                yield table, column, data_class, row
            after = page["after"]


def _write_json(
    target: IO[Any],
    about: dict[str, Any],
    now: datetime,
    sections: Sections,
    rows: Iterator[tuple[str, str, str, Any]],
) -> None:
    """One row after the other: the whole answer need not fit into memory."""
    head = {key: about[key] for key in ("server_name", "user_id", "is_deactivated", "policy", "mode", "periods")}
    target.write(json.dumps({"created": now.isoformat(timespec="seconds"), **head}, indent=1, ensure_ascii=False)[:-2])
    target.write(',\n "data": [')
    separator = "\n"
    section: Section | None = None
    for table, column, data_class, row in rows:
        if section is None or (section.table, section.column) != (table, column):
            section = sections.begin(table, column, data_class)
        section.add(row)
        line = {"table": table, "found_by": column, "data_class": data_class, "row": row}
        target.write(separator + "  " + json.dumps(line, ensure_ascii=False))
        separator = ",\n"
    target.write("\n ]\n}\n")


def _new(path: Path, mode: str = "w") -> IO[Any]:
    """Readable by whoever runs this only."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    return os.fdopen(descriptor, mode, encoding=None if "b" in mode else "utf-8")
