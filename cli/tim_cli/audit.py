"""`tim audit`: makes the key of a homeserver's audit log, checks the log and exports it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_public_key,
)

from tim_cli.admin_request import DEFAULT_URL, TokenFile, Url, ask
from tim_policy.audit_log import Entry, Head, audit_event, verify
from tim_policy.errors import ConfigError

app = typer.Typer(help="The tamper-evident log of what was deleted and decided.", no_args_is_help=True)

_HEX_DIGITS = 64


@app.command("new-key")
def new_key(
    file: Annotated[Path, typer.Argument(help="Where the private key goes; FILE.pub gets the public one.")],
) -> None:
    """Make the key that signs the log; keep FILE.pub, and copies of the heads, outside of the homeserver."""
    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    try:
        for path, content, mode in ((file, private, 0o600), (_public(file), public, 0o644)):
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as target:
                target.write(content)
    except OSError as error:
        raise ConfigError(f"FILE: cannot write {error.filename} ({error.strerror})") from None
    typer.echo(f"{file} (secret) and {_public(file)}")


@app.command("verify")
def verify_log(
    public_key: Annotated[Path, typer.Option(help="Public key of the log, from `tim audit new-key`.")],
    token_file: TokenFile,
    url: Url = DEFAULT_URL,
    head: Annotated[str, typer.Option(help="What an earlier check told, NUMBER:HASH: finds a cut at the end.")] = "",
) -> None:
    """Check every entry; exit 1 when one was changed, cut out, added or moved."""
    key, known = _read_public(public_key), _head(head)
    numbers: list[int] = []

    def entries() -> Iterator[Entry]:
        for entry, _ in _entries(url, token_file):
            numbers[:] = [numbers[0] if numbers else entry.number, entry.number]
            yield entry

    end, findings = verify(entries(), key, known)
    for finding in findings:
        typer.echo(f"entry {finding.number}: {finding.fault}")
    if findings:
        raise typer.Exit(1)
    first = numbers[0] if numbers else 1
    pruned = f"; {first - 1} older ones were deleted by retention, as the signed checkpoint says" if first > 1 else ""
    typer.echo(f"{end.number - first + 1} entries, all in place{pruned}")
    typer.echo(f"head {end.number}:{end.digest}  (keep it outside of the homeserver for --head)")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="File to write: a FHIR Bundle of AuditEvents in JSON.")],
    token_file: TokenFile,
    url: Url = DEFAULT_URL,
) -> None:
    """Write the log as FHIR AuditEvents; verify it first."""
    try:
        events = [audit_event(entry, server_name) for entry, server_name in _entries(url, token_file)]
    except (ValueError, KeyError):
        raise ConfigError("the log has an entry that is none; see tim audit verify") from None
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": event} for event in events]}
    try:
        out.write_text(json.dumps(bundle, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"--out: cannot write {out} ({error.strerror})") from None
    typer.echo(f"{len(events)} events in {out}")


def _entries(url: str, token_file: Path) -> Iterator[tuple[Entry, str]]:
    """All entries with the server's name, page by page."""
    after = 0
    while True:
        answer = ask("GET", url, f"audit/entries?after={after}", token_file, "audit")
        page = [_entry(row) for row in answer.get("entries", [])]
        for entry in page:
            yield entry, str(answer["server_name"])
        if not page or page[-1].number <= after:
            return
        after = page[-1].number


def _entry(row: Any) -> Entry:
    match row:
        case [int() as number, str() as body, str() as digest, str() as signature]:
            return Entry(number, body, digest, signature)
    raise ConfigError("--url: the homeserver's answer is no audit log")


def _head(text: str) -> Head | None:
    if not text:
        return None
    number, _, digest = text.partition(":")
    if not (number.isascii() and number.isdecimal()) or len(digest) != _HEX_DIGITS:
        raise ConfigError("--head: expected NUMBER:HASH as an earlier check told it")
    return Head(int(number), digest)


def _read_public(path: Path) -> Ed25519PublicKey:
    try:
        key: object = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"--public-key: cannot read {path} ({error.strerror})") from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigError(f"--public-key: {path} is no Ed25519 public key")
    return key


def _public(file: Path) -> Path:
    return file.with_name(file.name + ".pub")
