"""The `federation_list:` part of the module's configuration."""

import ipaddress
import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, model_validator

from tim_policy.federation_trust import LIST_SIGNER_ROLES
from tim_policy.ocsp import OcspPolicy
from tim_policy.settings import Settings
from tim_policy.units import Duration

Address = Annotated[str, Field(pattern=r"^https?://")]


class TlsFiles(Settings):
    """How to speak TLS with a source; without any of them Synapse's own settings for outgoing HTTPS apply.

    Args:
        ca_file: PEM; only these CAs are accepted.
        client_certificate_file, client_key_file: PEM; both or none.
    """

    ca_file: Path | None = None
    client_certificate_file: Path | None = None
    client_key_file: Path | None = None

    @model_validator(mode="after")
    def _certificate_with_key(self) -> "TlsFiles":
        if (self.client_certificate_file is None) != (self.client_key_file is None):
            raise ValueError("give 'client_certificate_file' and 'client_key_file' together")
        return self


class UrlSource(TlsFiles):
    """A mirror of the signed list; what is read there is verified, so that the mirror need not be trusted.

    Args:
        address: of the list; asked with `?version=<known>`, which answers 204 when nothing changed.
    """

    address: Address


class VzdSource(TlsFiles):
    """The VZD itself, I_VZD_TIM_Provider_Services.

    Args:
        directory: base address of the VZD, for example https://fhir-directory.vzd.ti-dienste.de.
        auth: base address of its token service, for example https://auth.vzd.ti-dienste.de:9443.
        client_id: of the TI-M provider.
        client_secret_file: holds the provider's secret and nothing else.
    """

    directory: Address
    auth: Address
    client_id: Annotated[str, Field(min_length=1)]
    client_secret_file: Path

    @model_validator(mode="after")
    def _no_secret_in_clear(self) -> "VzdSource":
        for key in ("directory", "auth"):
            address = urlsplit(getattr(self, key))
            if address.scheme != "https" and not _is_loopback(address.hostname or ""):
                raise ValueError(f"{key}: the client secret may only travel over https")
        return self


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shorthand(value: Any) -> Any:
    return {"address": value} if isinstance(value, str) else value


class ListSource(Settings):
    """Where the signed list comes from: exactly one of the three.

    Args:
        vzd: see `VzdSource`.
        url: see `UrlSource`; a bare address is short for `{address: ...}`.
        file: path of a file that something else keeps up to date; its time stamp is its age.
    """

    vzd: VzdSource | None = None
    url: Annotated[UrlSource | None, BeforeValidator(_shorthand)] = None
    file: Path | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ListSource":
        if sum(source is not None for source in (self.vzd, self.url, self.file)) != 1:
            raise ValueError("give exactly one of 'vzd', 'url' and 'file'")
        return self


class SignerPin(Settings):
    """Which certificates may sign the list, among all that a TI component CA issued.

    Args:
        roles: professionOIDs; the signer is admitted for one of them.
        common_name: regular expression that matches the signer's whole common name; None: the role suffices.
    """

    roles: Annotated[frozenset[str], Field(min_length=1)] = LIST_SIGNER_ROLES
    common_name: re.Pattern[str] | None = None


class FederationListConfig(Settings):
    """How the list is fetched and whom to believe.

    Args:
        source: see `ListSource`.
        where_is: the VZD that says where users are listed (1.1, check level 3); None: `source.vzd`, and without that
            nobody is reached by way of the directory.
        roots_file: TI roots, gematik's roots.json or PEM.
        anchor_files: root certificates, DER or PEM; when given, a root of `roots_file` is only believed if cross
            certificates lead to it from one of these. Without them every root of `roots_file` is believed.
        issuer_files: component CAs for lists that carry only the signer's certificate, DER or PEM.
        signer: see `SignerPin`.
        ocsp: see `OcspPolicy`.
        ocsp_responder_files: responders that are believed besides those the CAs themselves delegate to.
        refresh_interval: time between two regular look-ups.
        retry_interval: time to the next attempt after one of the first failures in a row.
    """

    source: ListSource
    where_is: VzdSource | None = None
    roots_file: Path
    anchor_files: tuple[Path, ...] = ()
    issuer_files: tuple[Path, ...] = ()
    signer: SignerPin = SignerPin()
    ocsp: OcspPolicy = OcspPolicy.REQUIRE
    ocsp_responder_files: tuple[Path, ...] = ()
    refresh_interval: Duration = timedelta(hours=1)
    retry_interval: Duration = timedelta(minutes=5)
