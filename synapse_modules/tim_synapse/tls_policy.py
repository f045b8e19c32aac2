"""TLS towards a list source with its own CA or a client certificate."""

from collections.abc import Callable
from typing import Any

from OpenSSL import crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IReactorCore
from twisted.internet.ssl import (
    Certificate,
    KeyPair,
    PrivateCertificate,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from twisted.web.client import Agent
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

from tim_policy.errors import ConfigError
from tim_synapse.http_exchange import HttpAgent
from tim_synapse.list_config import TlsFiles
from tim_synapse.list_trust import read_file

_CONNECT_SECONDS = 10


@implementer(IPolicyForHTTPS)
class TlsPolicy:
    """Verifies the server's name and chain, and presents the client certificate.

    Args:
        trust_root: accepted CAs; None: those of the platform.
        client: certificate and key; None: none.
    """

    def __init__(self, trust_root: Any, client: PrivateCertificate | None) -> None:
        self._trust_root = trust_root
        self._client = client

    def creatorForNetloc(self, hostname: bytes, port: int) -> IOpenSSLClientConnectionCreator:  # noqa: N802, ARG002 - Twisted's interface
        """Options for one connection."""
        options = {} if self._trust_root is None else {"trustRoot": self._trust_root}
        creator: IOpenSSLClientConnectionCreator = optionsForClientTLS(
            hostname.decode("ascii"), clientCertificate=self._client, **options
        )
        return creator


def load_tls_policy(files: TlsFiles, key: str) -> TlsPolicy | None:
    """Read the files; None when none is named.

    Raises:
        ConfigError: a file is missing or unusable; names the key below `federation_list.<key>`.
    """
    if files.ca_file is None and files.client_certificate_file is None:
        return None
    trust_root = None
    if files.ca_file is not None:
        trust_root = read_file(f"{key}.ca_file", files.ca_file, _parsing(_trust_root))
    client = None
    if files.client_certificate_file is not None and files.client_key_file is not None:
        certificate = read_file(
            f"{key}.client_certificate_file", files.client_certificate_file, _parsing(Certificate.loadPEM)
        )
        key_pair = read_file(f"{key}.client_key_file", files.client_key_file, _parsing(_key_pair))
        client = PrivateCertificate.fromCertificateAndKeyPair(certificate, key_pair)  # type: ignore[no-untyped-call] # Twisted
    return TlsPolicy(trust_root, client)


def agent_for(policy: TlsPolicy | None, reactor: IReactorCore, default: HttpAgent) -> HttpAgent:
    """An agent with that policy; `default` when there is none."""
    if policy is None:
        return default
    agent: HttpAgent = Agent(reactor, contextFactory=policy, connectTimeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call] # Twisted
    return agent


def _trust_root(data: bytes) -> Any:
    marker = b"-----BEGIN CERTIFICATE-----"
    certificates = [Certificate.loadPEM(marker + part) for part in data.split(marker)[1:]]
    if not certificates:
        raise ValueError
    return trustRootFromCertificates(certificates)  # type: ignore[no-untyped-call] # Twisted


def _key_pair(data: bytes) -> KeyPair:
    return KeyPair.load(data, crypto.FILETYPE_PEM)


def _parsing(parse: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    def parsed(data: bytes) -> Any:
        try:
            return parse(data)
        except (crypto.Error, ValueError, TypeError):
            raise ConfigError("not readable (expected: PEM)") from None

    return parsed
