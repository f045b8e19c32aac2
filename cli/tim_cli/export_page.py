"""The export as an HTML page."""

from collections.abc import Iterator

from tim_cli.export_sections import SHOWN_ROWS, Sections
from tim_cli.pages import template


def html(sections: Sections) -> Iterator[str]:
    """The page, piece by piece."""
    pieces: Iterator[str] = template("export.html").generate(
        about=sections.about, created=sections.created, classes=sections.classes(), shown_rows=SHOWN_ROWS
    )
    return pieces
