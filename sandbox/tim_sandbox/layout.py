"""What lies where in the directory of a sandbox, and making it before anything is started."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tim_sandbox.homeserver import HomeserverSpec, tim_module, write_homeserver
from tim_sandbox.members import PROVIDER, Member, countries_of_everyone
from tim_sandbox.pki import Identity, make_list_pki
from tim_sandbox.pki_files import ocsp_address, read_identity, write_identity, write_list_pki
from tim_sandbox.state import HomeserverState, SandboxState, write_secret
from tim_sandbox.tls import certificate_pem, make_tls_ca, make_tls_leaf, write_tls_leaf
from tim_sandbox.vzd.config import CONFIG_FILE, VzdConfig
from tim_sandbox.vzd.ocsp_service import OCSP_PATH
from tim_sandbox.vzd.registry import Domain, write_initial_registry

_PROFILES_WITH_WHERE_IS = ("pro-basis-1.1", "epa-basis-1.1")


class Layout:
    """Paths below the directory of one sandbox.

    Args:
        directory: absolute, since child processes get it in their configuration.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.pki = directory / "pki"
        self.vzd = directory / "vzd"
        self.logs = directory / "logs"
        self.bots = directory / "bots"
        self.wire_tap = directory / "logs" / "wire-tap.jsonl"
        self.tls_ca_file = directory / "tls" / "ca.pem"

    def homeserver(self, server_name: str) -> Path:
        """Directory of one homeserver."""
        return self.directory / "homeservers" / server_name


def write_pki(layout: Layout, state: SandboxState) -> None:
    """Make the list's PKI and the TLS CA, unless they are there; the former anew when the VZD's port has changed."""
    ocsp_url = f"{state.vzd_url}{OCSP_PATH}"
    if not layout.pki.exists() or ocsp_address(layout.pki) != ocsp_url:
        write_list_pki(make_list_pki(ocsp_url=ocsp_url), layout.pki)
    if not layout.tls_ca_file.exists():
        layout.tls_ca_file.parent.mkdir(exist_ok=True)
        ca = make_tls_ca()
        write_identity(ca, layout.tls_ca_file.parent / "ca")
        layout.tls_ca_file.write_bytes(certificate_pem(ca))


def write_vzd(layout: Layout, state: SandboxState, members: Sequence[Member]) -> None:
    """Write the configuration of the stand-in VZD and, the first time, the list of the members."""
    layout.vzd.mkdir(exist_ok=True)
    config = VzdConfig(
        provider_tokens=state.provider_tokens,
        homeserver_urls={homeserver.server_name: homeserver.client_url for homeserver in state.homeservers},
        pki_directory=layout.pki,
        has_region=True,
    )
    write_secret(layout.vzd / CONFIG_FILE, config.model_dump_json(indent=1))
    write_initial_registry(
        layout.vzd,
        [
            Domain(
                domain=member.server_name,
                telematikID=member.telematik_id,
                isInsurance=bool(member.ik_numbers),
                ik=list(member.ik_numbers) or None,
                timAnbieter=PROVIDER,
            )
            for member in members
            if member.telematik_id
        ],
    )


def write_homeserver_of(
    layout: Layout,
    state: SandboxState,
    homeserver: HomeserverState,
    *,
    with_module: bool,
    extra: Mapping[str, Any],
    rules: Mapping[str, Any],
) -> Path:
    """Write one homeserver's configuration and, the first time, its TLS certificate; return the former."""
    directory = layout.homeserver(homeserver.server_name)
    directory.mkdir(parents=True, exist_ok=True)
    if not (directory / "tls.key").exists():
        write_tls_leaf(make_tls_leaf(_tls_ca(layout), homeserver.server_name), directory)
    is_gated = homeserver.is_member and with_module
    provider = _provider_of(directory, state) if homeserver.profile in _PROFILES_WITH_WHERE_IS else None
    module = tim_module(
        state.vzd_url,
        layout.pki,
        countries_of_everyone(),
        homeserver.profile,
        rules,
        provider,
    )
    return write_homeserver(
        HomeserverSpec(
            server_name=homeserver.server_name,
            directory=directory,
            client_port=homeserver.client_port,
            federation_port=homeserver.federation_port,
            proxy_port=state.proxy_port,
            tls_ca_file=layout.tls_ca_file,
            registration_shared_secret=homeserver.registration_shared_secret,
            modules=(module,) if is_gated else (),
            extra=extra,
        )
    )


def _provider_of(directory: Path, state: SandboxState) -> tuple[str, Path]:
    """The provider's id at the VZD and the file with its secret, which is written here."""
    secret = directory / "vzd_client_secret"
    write_secret(secret, state.provider_tokens[PROVIDER])
    return PROVIDER, secret


def _tls_ca(layout: Layout) -> Identity:
    return read_identity(layout.tls_ca_file.parent / "ca")
