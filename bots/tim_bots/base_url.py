"""Base URLs in the configuration."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_ON_THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


def _is_safe(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write a base URL, for example https://matrix.praxis.example")
    if parts.scheme == "http" and parts.hostname not in _ON_THIS_MACHINE:
        raise ValueError("use https; http is accepted for a server on this machine only")
    return value.rstrip("/")


BaseUrl = Annotated[str, AfterValidator(_is_safe)]
"""http(s), without a slash at the end."""


def is_same_server(url: str, other: str) -> bool:
    """Whether two URLs lead to the same server and port."""
    first, second = urlsplit(url), urlsplit(other)
    return (first.scheme, first.netloc) == (second.scheme, second.netloc)
