"""An OCSP responder on loopback for the certificates of a test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from tim_sandbox.ocsp_responder import CONTENT_TYPE, OcspResponder
from tim_sandbox.pki import ListPki, make_list_pki


@asynccontextmanager
async def listening_pki() -> AsyncIterator[tuple[ListPki, OcspResponder]]:
    """A PKI whose certificates name a responder that listens while the context is open."""
    responder = OcspResponder(lambda: datetime.now(UTC))

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=responder.answer(await request.read()), content_type=CONTENT_TYPE)

    app = web.Application()
    app.router.add_post("/ocsp", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        pki = make_list_pki(ocsp_url=f"http://127.0.0.1:{port}/ocsp")
        for certificate in (pki.signer.certificate, pki.es256_signer.certificate):
            responder.add(certificate, pki.component_ca.certificate, pki.ocsp_signer)
        responder.add(pki.component_ca.certificate, pki.root.certificate, pki.root_ocsp_signer)
        yield pki, responder
    finally:
        await runner.cleanup()
