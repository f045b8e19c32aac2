"""The OCSP responder of the stand-in's certificates over HTTP, and the switch that revokes one."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from aiohttp import web
from cryptography import x509

from tim_sandbox.ocsp_responder import CONTENT_TYPE, OcspResponder
from tim_sandbox.pki_files import COMPONENT_CA_FILE, ROOTS_FILE, read_identity, read_roots
from tim_sandbox.vzd.registry import Refusal

OCSP_PATH = "/ocsp"
REVOCATION_PATH = "/sandbox/revocation/{name}"


class OcspService:
    """Answers for the files of the PKI directory.

    Args:
        pki: see `tim_sandbox.pki.write_list_pki`.
        now: the clock; timezone-aware.
        authorise: lets a caller use the switch, or raises Refusal.
    """

    def __init__(self, pki: Path, now: Callable[[], datetime], authorise: Callable[[web.Request], str]) -> None:
        (root,) = read_roots(pki / ROOTS_FILE)
        component_ca = x509.load_der_x509_certificate((pki / COMPONENT_CA_FILE).read_bytes())
        self._responder = OcspResponder(now)
        self._certificates = {"component-ca": component_ca}
        self._responder.add(component_ca, root, read_identity(pki / "root-ocsp-signer"))
        ocsp_signer = read_identity(pki / "ocsp-signer")
        for name in ("signer", "signer-es256"):
            self._certificates[name] = read_identity(pki / name).certificate
            self._responder.add(self._certificates[name], component_ca, ocsp_signer)
        self._authorise = authorise

    def add_routes(self, app: web.Application) -> None:
        """The responder and the switch."""
        app.router.add_post(OCSP_PATH, self.answer)
        app.router.add_put(REVOCATION_PATH, self.revoke)
        app.router.add_delete(REVOCATION_PATH, self.reinstate)

    async def answer(self, request: web.Request) -> web.Response:
        """RFC 6960 appendix A.1."""
        return web.Response(body=self._responder.answer(await request.read()), content_type=CONTENT_TYPE)

    async def revoke(self, request: web.Request) -> web.Response:
        """Not part of any VZD: revoke `signer`, `signer-es256` or `component-ca`."""
        self._responder.revoke(self._named(request))
        return web.Response(status=204)

    async def reinstate(self, request: web.Request) -> web.Response:
        """Not part of any VZD: take the revocation back."""
        self._responder.reinstate(self._named(request))
        return web.Response(status=204)

    def _named(self, request: web.Request) -> x509.Certificate:
        self._authorise(request)
        try:
            return self._certificates[request.match_info["name"]]
        except KeyError:
            raise Refusal(404, "no such certificate", (("name", " or ".join(self._certificates)),)) from None
