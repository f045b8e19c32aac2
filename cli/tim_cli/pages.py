"""Pages that people read: HTML without any script or foreign resource, everything in it escaped."""

from functools import cache
from typing import Any


@cache
def template(name: str) -> Any:
    """One of the templates of this package; a name that it needs and does not get is an error."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - few commands need it

    return Environment(
        loader=PackageLoader("tim_cli"), autoescape=True, undefined=StrictUndefined, trim_blocks=False
    ).get_template(name)
