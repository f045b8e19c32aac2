"""Reads the certificates that the configuration names."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from tim_policy.errors import ConfigError
from tim_policy.federation_trust import ListTrust
from tim_policy.trust_roots import parse_issuer, parse_roots, reachable_roots
from tim_synapse.list_config import FederationListConfig

_T = TypeVar("_T")


def load_trust(config: FederationListConfig, at: datetime | None = None) -> ListTrust:
    """Whom to believe.

    Args:
        config: names the files.
        at: the instant for which links between roots must be valid; None: now.

    Raises:
        ConfigError: a file is missing or holds no certificate; names key and file.
    """
    entries = read_file("roots_file", config.roots_file, parse_roots)
    pinned = [read_file("anchor_files", path, parse_issuer) for path in config.anchor_files]
    try:
        reachable = reachable_roots(entries, pinned, at or datetime.now(UTC))
    except ConfigError as error:
        raise ConfigError(f"tim_synapse: federation_list.anchor_files: {error}") from None
    return ListTrust(
        trust_anchors=reachable if pinned else tuple(entry.root for entry in entries),
        issuers=tuple(read_file("issuer_files", path, parse_issuer) for path in config.issuer_files),
        signer_roles=config.signer.roles,
        ocsp_responders=tuple(
            read_file("ocsp_responder_files", path, parse_issuer) for path in config.ocsp_responder_files
        ),
        signer_name=config.signer.common_name,
    )


def read_file(key: str, path: Path, parse: Callable[[bytes], _T]) -> _T:
    """What `parse` makes of the file named by `federation_list.<key>`.

    Raises:
        ConfigError: names key and file.
    """
    where = f"tim_synapse: federation_list.{key}"
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{where}: cannot read {path} ({error.strerror})") from None
    except ConfigError as error:
        raise ConfigError(f"{where}: {path}: {error}") from None
