"""Writes docs/adr/README.md: the list of decisions."""

from tests.docs.requirements_page import ROOT

_HEAD = """\
# Decisions

One page per decision where gematik's documents are silent, contradict each other, or leave the choice to the operator:
what was open, what we do, what follows, and how an operator changes it.

"""


def page() -> str:
    """The whole page."""
    files = sorted((ROOT / "docs" / "adr").glob("[0-9]*.md"))
    titles = {file.name: file.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ") for file in files}
    return _HEAD + "".join(f"- [{title}]({name})\n" for name, title in titles.items())
