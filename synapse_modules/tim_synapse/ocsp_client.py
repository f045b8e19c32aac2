"""Fetches OCSP answers from the responders that the certificates name (RFC 6960 appendix A.1: POST)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from twisted.internet.interfaces import IReactorTime

from tim_policy.certificate_chain import Chain, Untrusted, common_name
from tim_policy.ocsp import MAX_ANSWER_BYTES, OcspUnusable, Revoked, check_ocsp, fresh_until, responder_address
from tim_synapse.http_exchange import HttpAgent, HttpRequest, Unavailable, exchange

OCSP_SECONDS = 10.0
_OK = 200


@dataclass(frozen=True, slots=True)
class OcspAnswers:
    """What the responders of a chain said.

    Args:
        answers: DER; authentic, but possibly "revoked".
        fault: why the first of the missing ones is missing; None when none is.
    """

    answers: tuple[bytes, ...]
    fault: Untrusted | None


@dataclass(frozen=True, slots=True)
class _Kept:
    answer: bytes
    until: datetime


class OcspClient:
    """Asks about every certificate of a chain; authentic answers are kept until their `nextUpdate`.

    Args:
        agent, reactor: for the connections.
        now: the clock; timezone-aware.
        in_thread: calls a function off the reactor thread.
        responders: pinned responders, see `check_ocsp`.
        seconds: for one answer.
    """

    def __init__(
        self,
        agent: HttpAgent,
        reactor: IReactorTime,
        now: Callable[[], datetime],
        in_thread: Callable[[Callable[[], None]], Awaitable[None]],
        responders: tuple[x509.Certificate, ...] = (),
        seconds: float = OCSP_SECONDS,
    ) -> None:
        self._agent = agent
        self._reactor = reactor
        self._now = now
        self._in_thread = in_thread
        self._responders = responders
        self._seconds = seconds
        self._kept: dict[x509.Certificate, _Kept] = {}

    async def ask(self, chain: Chain) -> OcspAnswers:
        """Answers for every certificate below the trust anchor; never raises for a responder's fault."""
        answers, fault = [], None
        for certificate, issuer in pairwise(chain):
            try:
                answers.append(await self._answer(certificate, issuer))
            except OcspUnusable as unusable:
                fault = fault or unusable
        # Only the certificates in use are worth remembering.
        self._kept = {certificate: kept for certificate, kept in self._kept.items() if certificate in chain}
        return OcspAnswers(tuple(answers), fault)

    async def _answer(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
        kept, now = self._kept.get(certificate), self._now()
        if kept is not None and now < kept.until:
            return kept.answer
        try:
            answer = await self._fetch(certificate, issuer)
        except Unavailable as unavailable:
            raise OcspUnusable(f"no OCSP answer for '{common_name(certificate)}': {unavailable}") from None
        until = await self._checked(answer, certificate, issuer)
        if until is not None:
            self._kept[certificate] = _Kept(answer, until)
        return answer

    async def _checked(self, answer: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> datetime | None:
        """Until when an authentic answer may be kept; None: not beyond now."""
        try:
            await self._in_thread(lambda: check_ocsp(answer, certificate, issuer, self._now(), self._responders))
        except Revoked:
            return None
        return fresh_until(answer)

    async def _fetch(self, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
        address = responder_address(certificate)
        if address is None:
            raise Unavailable("the certificate names no OCSP responder")
        # The hash names the issuer and protects nothing; all responders know SHA-1 (RFC 6960 section 4.3).
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303
        request = HttpRequest(
            what="its responder",
            method="POST",
            address=address,
            max_bytes=MAX_ANSWER_BYTES,
            seconds=self._seconds,
            headers={"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"},
            body=builder.build().public_bytes(serialization.Encoding.DER),
        )
        answer = await exchange(self._agent, self._reactor, request)
        if answer.status != _OK:
            raise Unavailable(f"its responder answers with status {answer.status} (expected: 200)")
        return answer.body
