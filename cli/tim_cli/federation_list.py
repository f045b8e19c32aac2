"""`tim federation-list`: look at a signed federation list the way the homeserver does."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from tim_policy.errors import ConfigError
from tim_policy.federation_trust import (
    MAX_DOCUMENT_BYTES,
    ListTrust,
    VerifiedList,
    verify_federation_list,
)
from tim_policy.trust_roots import parse_issuer, parse_trust_anchors

app = typer.Typer(help="Read and verify the signed federation list (Föderationsliste).", no_args_is_help=True)


_T = TypeVar("_T")


@app.callback()
def _group() -> None:
    """Keeps `verify` a sub-command while it is the only one."""


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The list as downloaded (compact JWS).")],
    roots: Annotated[Path, typer.Option(help="Pinned TI roots: gematik's roots.json, or PEM.")],
    issuer: Annotated[
        list[Path] | None,
        typer.Option(help="Certificate of the component CA that issued the signer, DER or PEM; may be repeated."),
    ] = None,
    at: Annotated[
        str | None, typer.Option(metavar="TIME", help="Verify for this instant (ISO 8601); default: now.")
    ] = None,
    newest_version: Annotated[
        int | None, typer.Option(metavar="VERSION", help="Refuse a list that is older than this version.")
    ] = None,
    ocsp: Annotated[
        list[Path] | None,
        typer.Option(help="An OCSP answer (DER) for the signer or its CA; may be repeated. Without it, not checked."),
    ] = None,
) -> None:
    """Verify FILE and print what it says; exit 2 with one line when it cannot be trusted."""
    instant = _instant(at)
    trust = read_trust(roots, issuer or ())
    answers = [read_document(path, "--ocsp") for path in ocsp] if ocsp else None
    document = read_document(file, "FILE")
    verified = verify_federation_list(document, trust, instant, newest_version=newest_version, ocsp_answers=answers)
    typer.echo(_report(verified, age=instant - datetime.fromtimestamp(file.stat().st_mtime, UTC)))


def _instant(text: str | None) -> datetime:
    if text is None:
        return datetime.now(UTC)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ConfigError(f"--at: '{text}' is no time (expected ISO 8601, for example 2026-11-22T12:00:00Z)") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def read_trust(roots: Path, issuers: Iterable[Path]) -> ListTrust:
    """The certificates that `--roots` and `--issuer` name.

    Raises:
        ConfigError: a file cannot be read or is none.
    """
    return ListTrust(
        trust_anchors=_parse(parse_trust_anchors, roots, "--roots"),
        issuers=tuple(_parse(parse_issuer, path, "--issuer") for path in issuers),
    )


def read_document(path: Path, parameter: str) -> bytes:
    """At most one byte more than any list may have, so that a huge file is refused without being read.

    Raises:
        ConfigError: it cannot be read; the text names `parameter`.
    """
    try:
        with path.open("rb") as file:
            return file.read(MAX_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{parameter}: cannot read {path} ({error.strerror})") from None


def _parse(parser: Callable[[bytes], _T], path: Path, parameter: str) -> _T:
    data = read_document(path, parameter)
    try:
        return parser(data)
    except ConfigError as error:
        raise ConfigError(f"{parameter}: {path}: {error}") from None


def _report(verified: VerifiedList, age: timedelta) -> str:
    content = verified.federation_list
    contradicting = len(content.contradicting)
    notes = (
        (content.entries - content.unusable_entries - content.servers - contradicting, "repeated entries"),
        (content.unusable_entries, "unusable entries left out"),
        (contradicting, "servers left out since their entries disagree"),
    )
    entries = ", ".join([f"{content.entries} entries", *(f"{count} {what}" for count, what in notes if count)])
    hours = max(0, int(age.total_seconds())) // 3600
    return "\n".join(
        (
            f"version   {content.version}",
            f"age       {hours // 24} d {hours % 24} h (by the file's time stamp; the list itself carries none)",
            f"servers   {content.servers} ({entries})",
            f"insurers  {content.insurers}",
            f"signer    {' < '.join(verified.chain)}",
            f"OCSP      {'good' if verified.is_ocsp_checked else 'not checked'}",
        )
    )
