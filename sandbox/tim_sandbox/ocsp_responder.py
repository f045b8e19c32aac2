"""An OCSP responder (RFC 6960) for the stand-in's certificates, whose answers a test can change."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp

from tim_sandbox.pki import Identity, ListPki

CONTENT_TYPE = "application/ocsp-response"


@dataclass(frozen=True, slots=True)
class _Known:
    certificate: x509.Certificate
    issuer: x509.Certificate
    signer: Identity


class OcspResponder:
    """Says "good" about every certificate it knows, unless told otherwise.

    Args:
        now: the clock; timezone-aware.
        validity: sets `nextUpdate`; None leaves it out, as responders do that answer live.
    """

    def __init__(self, now: Callable[[], datetime], validity: timedelta | None = None) -> None:
        self._now = now
        self._validity = validity
        self._known: dict[int, _Known] = {}
        self._revoked: dict[int, datetime] = {}

    @classmethod
    def of(cls, pki: ListPki, now: Callable[[], datetime], validity: timedelta | None = None) -> "OcspResponder":
        """The responder for both signers and the component CA."""
        responder = cls(now, validity)
        for certificate in (pki.signer.certificate, pki.es256_signer.certificate):
            responder.add(certificate, pki.component_ca.certificate, pki.ocsp_signer)
        responder.add(pki.component_ca.certificate, pki.root.certificate, pki.root_ocsp_signer)
        return responder

    def add(self, certificate: x509.Certificate, issuer: x509.Certificate, signer: Identity) -> None:
        """Answer for `certificate`, too; `signer`: the responder's certificate below `issuer`, or that of the CA."""
        self._known[certificate.serial_number] = _Known(certificate, issuer, signer)

    def revoke(self, certificate: x509.Certificate) -> None:
        """From now on it is revoked."""
        self._revoked[certificate.serial_number] = self._now()

    def reinstate(self, certificate: x509.Certificate) -> None:
        """From now on it is good again."""
        self._revoked.pop(certificate.serial_number, None)

    def answer(self, request: bytes) -> bytes:
        """The DER answer to a DER request; for certificates it does not know: "unauthorized"."""
        try:
            serial = ocsp.load_der_ocsp_request(request).serial_number
        except (ValueError, NotImplementedError):
            return _failure(ocsp.OCSPResponseStatus.MALFORMED_REQUEST)
        known = self._known.get(serial)
        return _failure(ocsp.OCSPResponseStatus.UNAUTHORIZED) if known is None else self._sign(known)

    def _sign(self, known: _Known) -> bytes:
        revoked_at = self._revoked.get(known.certificate.serial_number)
        now = self._now()
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=known.certificate,
            issuer=known.issuer,
            algorithm=hashes.SHA1(),  # noqa: S303 - the usual certificate id hash (RFC 6960 section 4.3)
            cert_status=ocsp.OCSPCertStatus.GOOD if revoked_at is None else ocsp.OCSPCertStatus.REVOKED,
            this_update=now,
            next_update=None if self._validity is None else now + self._validity,
            revocation_time=revoked_at,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, known.signer.certificate)
        builder = builder.certificates([known.signer.certificate])
        response = builder.sign(known.signer.private_key, hashes.SHA256())
        return response.public_bytes(serialization.Encoding.DER)


def _failure(status: ocsp.OCSPResponseStatus) -> bytes:
    return ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(serialization.Encoding.DER)
