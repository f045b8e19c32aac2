"""Documents in German that are written as HTML and as Markdown from the same blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tim_cli.pages import template

_OPEN = re.compile(r"\[auszufüllen: [^\[\]]*\]")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~])")


def to_fill(what: str) -> str:
    """The place of a fact that nobody has told yet; it stands out in both forms."""
    return f"[auszufüllen: {what}]"


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; the document's title is of level 1."""

    text: str
    level: int = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list."""

    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; every row is as long as its head."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]


Block = Heading | Paragraph | Items | Table


def open_places(blocks: Sequence[Block]) -> int:
    """How many facts are still to be filled in."""
    return len(_OPEN.findall(markdown(blocks).replace("\\", "")))


def markdown(blocks: Sequence[Block]) -> str:
    """The document as Markdown; nothing in a fact is taken for a mark."""
    parts = []
    for block in blocks:
        match block:
            case Heading():
                parts.append(f"{'#' * block.level} {_marked(block.text)}")
            case Paragraph():
                parts.append(_marked(block.text))
            case Items():
                parts.append("\n".join(f"- {_marked(text)}" for text in block.texts))
            case Table():
                lines = [block.head, ["---"] * len(block.head), *block.rows]
                parts.append(
                    "\n".join(
                        f"| {' | '.join(cell if cell == '---' else _marked(cell) for cell in line)} |" for line in lines
                    )
                )
    return "\n\n".join(parts) + "\n"


def page(title: str, blocks: Sequence[Block]) -> str:
    """The document as HTML."""
    text: str = template("document.html").render(title=title, body=_html(blocks))
    return text


def _html(blocks: Sequence[Block]) -> str:
    parts = []
    for block in blocks:
        match block:
            case Heading():
                parts.append(f"<h{block.level}>{_shown(block.text)}</h{block.level}>")
            case Paragraph():
                parts.append(f"<p>{_shown(block.text)}</p>")
            case Items():
                parts.append(f"<ul>{''.join(f'<li>{_shown(text)}</li>' for text in block.texts)}</ul>")
            case Table():
                head = "".join(f"<th>{_shown(cell)}</th>" for cell in block.head)
                rows = "".join(f"<tr>{''.join(f'<td>{_shown(cell)}</td>' for cell in row)}</tr>" for row in block.rows)
                parts.append(f"<table><tr>{head}</tr>{rows}</table>")
    return "\n".join(parts)


def _shown(text: str) -> str:
    return _OPEN.sub(lambda found: f'<span class="open">{found[0]}</span>', escape(text))


def _marked(text: str) -> str:
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))
