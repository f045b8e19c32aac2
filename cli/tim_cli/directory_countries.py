"""`tim gate countries`: asks the directory (VZD) where the organisations on the federation list are."""

import http.client
import json
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer

from tim_cli.bearer_request import base_url, opener, read_token
from tim_cli.federation_list import read_document, read_trust
from tim_policy.countries import UNREADABLE
from tim_policy.directory_country import NoCountry, directory_country, is_searchable
from tim_policy.errors import ConfigError, TimError
from tim_policy.federation_list import FederationList
from tim_policy.federation_trust import verify_federation_list

_TIMEOUT_S = 30
_MAX_ANSWER = 4 * 1024 * 1024
_MODE = 0o644

Found = Mapping[str, str | NoCountry]


class DirectoryUnusable(TimError):
    """The directory does not answer as agreed; the text says what to check."""


def countries(
    directory: Annotated[str, typer.Option(metavar="URL", help="Base address of the directory (VZD).")],
    token_file: Annotated[Path, typer.Option(help="File with a search token of the directory, and nothing else.")],
    federation_list: Annotated[Path, typer.Option("--list", metavar="FILE", help="The federation list (JWS).")],
    roots: Annotated[Path, typer.Option(help="Pinned TI roots: gematik's roots.json, or PEM.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The file that residency.directory_countries_file names.")],
    issuer: Annotated[
        list[Path] | None,
        typer.Option(help="Certificate of the component CA that issued the list's signer; may be repeated."),
    ] = None,
) -> None:
    """Write the country of each listed organisation, as the directory has it; on any fault FILE stays as it is."""
    base, token = base_url(directory, "--directory"), read_token(token_file)
    trust = read_trust(roots, issuer or ())
    verified = verify_federation_list(read_document(federation_list, "--list"), trust, datetime.now(UTC))
    found = _ask_for_all(telematik_ids(verified.federation_list), _search(base, token, token_file))
    known = {telematik_id: country for telematik_id, country in found.items() if isinstance(country, str)}
    if found and not known:
        # More likely the wrong directory, or a token for another part of it, than a country for nobody.
        raise DirectoryUnusable(
            f"--directory: {directory} has no country for any of the {len(found)} organisations on the list; "
            f"{out} was left alone"
        )
    _write(out, known)
    typer.echo(_summary(found))


def telematik_ids(federation_list: FederationList) -> list[str]:
    """Telematik-ID of each organisation on the list once, sorted."""
    servers = (federation_list.get(server_name) for server_name in federation_list.server_names)
    return sorted({server.telematik_id for server in servers if server is not None})


def _ask_for_all(asked: Iterable[str], search: Callable[[str], object]) -> Found:
    found: dict[str, str | NoCountry] = {}
    for telematik_id in asked:
        if not is_searchable(telematik_id):  # nobody can have it, and it would break the file
            found[telematik_id] = NoCountry.ABSENT
            continue
        country = directory_country(search(telematik_id), telematik_id)
        if country is NoCountry.NOT_SEARCHSET:
            raise DirectoryUnusable("--directory: it answered with something else than a FHIR Bundle (searchset)")
        found[telematik_id] = country
    return found


def _search(base: str, token: str, token_file: Path) -> Callable[[str], object]:
    """A function from Telematik-ID to the directory's answer, parsed from JSON; raises DirectoryUnusable."""
    connection = opener(use_proxies=True)

    def search(telematik_id: str) -> object:
        query = (
            ("organization.identifier", telematik_id),
            ("organization.active", "true"),
            ("_include", "HealthcareService:organization"),
            ("_include", "HealthcareService:location"),
        )
        request = urllib.request.Request(  # noqa: S310 - base_url accepts http and https only
            f"{base}/search/HealthcareService?{urlencode(query)}",
            headers={"Authorization": f"Bearer {token}", "Accept": "application/fhir+json"},
        )
        try:
            with connection.open(request, timeout=_TIMEOUT_S) as response:
                return _parse(response.read(_MAX_ANSWER + 1), base)
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(error.code, base, token_file) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise DirectoryUnusable(f"--directory: {base} does not answer ({reason})") from None

    return search


def _parse(body: bytes, base: str) -> object:
    if len(body) > _MAX_ANSWER:
        raise DirectoryUnusable(f"--directory: {base} answered with more than {_MAX_ANSWER // 1024**2} MiB")
    try:
        answer: object = json.loads(body)
    except (ValueError, RecursionError):
        raise DirectoryUnusable(f"--directory: {base} answered with something that is not JSON") from None
    return answer


def _refusal(status: int, base: str, token_file: Path) -> TimError:
    if status in {401, 403}:
        return ConfigError(
            f"--token-file: the directory does not accept the token in {token_file} ({status}); has it expired?"
        )
    return DirectoryUnusable(f"--directory: {base} answered with status {status}; is it the base address of a VZD?")


def _write(path: Path, known: Mapping[str, str]) -> None:
    """Replace the file at once: who reads it sees the old content or the new."""
    text = json.dumps(known, indent=1, sort_keys=True) + "\n"
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fchmod(file.fileno(), _MODE)
                os.fsync(file.fileno())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigError(f"--out: cannot write {path} ({error.strerror})") from None


def _summary(found: Found) -> str:
    def having(*wanted: str | NoCountry) -> list[str]:
        return [telematik_id for telematik_id, country in found.items() if country in wanted]

    known = sum(isinstance(country, str) for country in found.values())
    unreadable, absent = having(UNREADABLE), having(NoCountry.ABSENT)
    contradicting, incomplete = having(NoCountry.CONTRADICTING), having(NoCountry.INCOMPLETE)
    return "\n".join(
        (
            f"found            {known}",
            f"without country  {len(absent)} (left out)",
            f"contradicting    {len(contradicting)} (left out)",
            *(f"  {telematik_id}: the directory names different countries" for telematik_id in contradicting),
            *(f"  {telematik_id}: more entries than one answer holds; left out" for telematik_id in incomplete),
            *(f"  {telematik_id}: its country is no code, which is never allowed" for telematik_id in unreadable),
        )
    )
