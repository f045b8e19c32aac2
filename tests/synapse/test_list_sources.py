"""Every source of the list against real HTTP servers, well-behaved and hostile ones."""

import asyncio
import gzip
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web
from cryptography.x509.oid import ExtendedKeyUsageOID
from twisted.internet.threads import deferToThreadPool

from tests.synapse.http_server import plain_agent, serving
from tests.synapse.reactor import running_reactor, twisted
from tim_policy.errors import ConfigError
from tim_policy.federation_trust import MAX_DOCUMENT_BYTES
from tim_sandbox.pki import make_list_pki
from tim_sandbox.pki_files import write_list_pki
from tim_sandbox.state import write_secret
from tim_sandbox.tls import certificate_pem, make_tls_ca, make_tls_leaf, write_tls_leaf
from tim_sandbox.vzd.app import Vzd
from tim_sandbox.vzd.authorisation import AUTHENTICATE_PATH, TOKEN_PATH
from tim_sandbox.vzd.config import CONFIG_FILE, VzdConfig
from tim_synapse.http_exchange import Unavailable
from tim_synapse.list_config import TlsFiles
from tim_synapse.list_source_file import FileSource
from tim_synapse.list_source_url import UrlSource
from tim_synapse.list_source_vzd import VzdSource
from tim_synapse.tls_policy import agent_for, load_tls_policy
from tim_synapse.vzd_tokens import PROVIDER_LIFETIME, TI_PROVIDER_LIFETIME, ProviderTokens, Unauthorized

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

CLIENT_ID, SECRET = "ORG:BT-0001", "s3cret: with / signs"


@dataclass
class Clock:
    """A clock that a test moves."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def reactor() -> Any:
    return running_reactor()


def answering(handler: Handler) -> web.Application:
    app = web.Application()
    app.router.add_get("/list.jws", handler)
    return app


async def fetched(reactor: Any, handler: Handler, *, version: int | None = 7, seconds: float = 5.0) -> bytes | None:
    async with serving(answering(handler)) as address:
        source = UrlSource(f"{address}/list.jws", plain_agent(reactor), reactor, Clock(), seconds)
        return (await twisted(source.fetch(version))).document


async def test_a_url_is_asked_with_the_known_version_and_without_encodings(reactor: Any) -> None:
    requests: list[web.Request] = []

    async def handle(request: web.Request) -> web.Response:
        requests.append(request)
        return web.Response(body=b"a.b.c", content_type="text/html")

    assert await fetched(reactor, handle) == b"a.b.c"
    assert await fetched(reactor, handle, version=None) == b"a.b.c"
    assert [dict(request.query) for request in requests] == [{"version": "7"}, {}]
    assert {request.headers["Accept-Encoding"] for request in requests} == {"identity"}


async def test_a_query_of_the_address_is_kept(reactor: Any, clock: Clock) -> None:
    queries: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        queries.append(dict(request.query))
        return web.Response(status=204)

    async with serving(answering(handle)) as address:
        source = UrlSource(f"{address}/list.jws?sigAlg=ES256", plain_agent(reactor), reactor, clock)
        result = await twisted(source.fetch(7))
    assert (result.document, result.confirmed_at) == (None, clock.now)
    assert queries == [{"sigAlg": "ES256", "version": "7"}]


async def no_content(_: web.Request) -> web.Response:
    return web.Response(status=204)


async def redirect(_: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/elsewhere"})


async def gzip_bomb(_: web.Request) -> web.Response:
    return web.Response(body=gzip.compress(bytes(10_000_000)), headers={"Content-Encoding": "gzip"})


async def too_long(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    for _ in range(MAX_DOCUMENT_BYTES // 2**20 + 8):
        await response.write(b"A" * 2**20)
    return response


async def trickle(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"A")
        await asyncio.sleep(0.05)


async def silence(_: web.Request) -> web.Response:
    await asyncio.sleep(3600)
    raise AssertionError("nobody waits that long")


async def hang_up(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"A")
    assert request.transport is not None
    request.transport.abort()
    return response


async def server_error(_: web.Request) -> web.Response:
    return web.Response(status=503)


FAULTS: dict[str, tuple[Handler, str]] = {
    "204 although there is no list yet": (no_content, "nothing changed, but there is no list yet"),
    "a redirect": (redirect, "status 302"),
    "a gzip bomb": (gzip_bomb, "sends a compressed answer"),
    "an endless answer": (too_long, f"sends more than {MAX_DOCUMENT_BYTES} bytes"),
    "one byte at a time": (trickle, "does not answer within 1 s"),
    "no answer at all": (silence, "does not answer within 1 s"),
    "the connection is cut": (hang_up, "does not answer"),
    "an error status": (server_error, "status 503"),
}


@pytest.mark.parametrize(("handler", "text"), FAULTS.values(), ids=FAULTS.keys())
async def test_a_source_that_does_not_answer_as_agreed_is_named(reactor: Any, handler: Handler, text: str) -> None:
    with pytest.raises(Unavailable, match=text):
        await fetched(reactor, handler, version=None, seconds=1.0)


async def test_nobody_listening(reactor: Any) -> None:
    async with serving(web.Application()) as address:
        pass
    with pytest.raises(Unavailable, match="ConnectionRefusedError"):
        await twisted(UrlSource(f"{address}/list.jws", plain_agent(reactor), reactor, Clock()).fetch(None))


@pytest.fixture
def tls(tmp_path: Path, reactor: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`ca.pem`, a server certificate for localhost, a client certificate, and the same of a stranger."""
    # Twisted's TLS gathers small writes by the global reactor, which runs in Synapse but not here.
    monkeypatch.setattr("twisted.protocols.tls._get_default_clock", lambda: reactor)
    for name in ("ours", "stranger"):
        (tmp_path / name).mkdir()
        ca = make_tls_ca()
        (tmp_path / name / "ca.pem").write_bytes(certificate_pem(ca))
        for leaf in ("localhost", "client", "other.test"):
            (tmp_path / name / leaf).mkdir()
            purpose = ExtendedKeyUsageOID.CLIENT_AUTH if leaf == "client" else ExtendedKeyUsageOID.SERVER_AUTH
            write_tls_leaf(make_tls_leaf(ca, leaf, purpose), tmp_path / name / leaf)
    return tmp_path


def server_context(tls: Path, leaf: str = "localhost") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(tls / "ours" / "ca.pem"))
    context.load_cert_chain(tls / "ours" / leaf / "tls.crt", tls / "ours" / leaf / "tls.key")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def files(tls: Path, ca: str = "ours", client: str | None = "ours") -> TlsFiles:
    certificate = None if client is None else tls / client / "client"
    return TlsFiles(
        ca_file=tls / ca / "ca.pem",
        client_certificate_file=certificate and certificate / "tls.crt",
        client_key_file=certificate and certificate / "tls.key",
    )


async def over_tls(reactor: Any, tls: Path, chosen: TlsFiles, leaf: str = "localhost") -> bytes | None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=b"a.b.c")

    agent = agent_for(load_tls_policy(chosen, "source.url"), reactor, plain_agent(reactor))
    async with serving(answering(handle), server_context(tls, leaf)) as address:
        source = UrlSource(f"{address}/list.jws", agent, reactor, Clock(), seconds=5.0)
        return (await twisted(source.fetch(None))).document


async def test_a_mirror_may_want_a_client_certificate(reactor: Any, tls: Path) -> None:
    assert await over_tls(reactor, tls, files(tls)) == b"a.b.c"


@pytest.mark.parametrize(
    ("ca", "client", "leaf"),
    [
        ("stranger", "ours", "localhost"),
        ("ours", "ours", "other.test"),
        ("ours", None, "localhost"),
        ("ours", "stranger", "localhost"),
    ],
    ids=[
        "a server of another CA",
        "a server of another name",
        "no client certificate",
        "a stranger's client certificate",
    ],
)
async def test_tls_is_verified_both_ways(reactor: Any, tls: Path, ca: str, client: str | None, leaf: str) -> None:
    with pytest.raises(Unavailable):
        await over_tls(reactor, tls, files(tls, ca, client), leaf)


def test_unreadable_tls_files_are_named(tls: Path) -> None:
    broken = files(tls).model_copy(update={"client_key_file": tls / "ours" / "ca.pem"})
    with pytest.raises(ConfigError, match=r"federation_list.source.url.client_key_file: .*not readable"):
        load_tls_policy(broken, "source.url")


async def test_a_file_is_as_old_as_its_time_stamp_says(tmp_path: Path, reactor: Any, clock: Clock) -> None:
    path = tmp_path / "list.jws"
    source = FileSource(path, clock, lambda read: deferToThreadPool(reactor, reactor.getThreadPool(), read))
    with pytest.raises(Unavailable, match="cannot be read"):
        await twisted(source.fetch(None))
    path.write_bytes(b"a.b.c")
    for modified, confirmed in ((-3600, -3600), (3600, 0)):
        stamp = clock.now.timestamp() + modified
        os.utime(path, (stamp, stamp))
        result = await twisted(source.fetch(7))
        assert result.document == b"a.b.c"
        assert abs(result.confirmed_at - clock.now - timedelta(seconds=confirmed)) < timedelta(seconds=1)


def vzd_source(address: str, secret: str, reactor: Any, clock: Clock) -> VzdSource:
    """A source that directory and token service of one stand-in serve."""
    agent = plain_agent(reactor)
    tokens = ProviderTokens(address, address, CLIENT_ID, secret, agent, reactor, clock)
    return VzdSource(address, tokens, agent, reactor, clock)


@dataclass
class ProtectedVzd:
    """A stand-in VZD that wants a provider access token for the list, and what it was asked."""

    address: str
    paths: list[str]
    clock: Clock

    def source(self, reactor: Any, secret: str = SECRET) -> VzdSource:
        return vzd_source(self.address, secret, reactor, self.clock)

    def steps(self) -> str:
        """The steps asked for since the last call: token, authenticate, list."""
        short = "".join({TOKEN_PATH: "t", AUTHENTICATE_PATH: "a"}.get(path, "l") for path in self.paths)
        self.paths.clear()
        return short


@pytest_asyncio.fixture
async def vzd(tmp_path: Path, clock: Clock) -> AsyncIterator[ProtectedVzd]:
    write_list_pki(make_list_pki(), tmp_path / "pki")
    config = VzdConfig(
        provider_tokens={CLIENT_ID: SECRET}, homeserver_urls={}, pki_directory=tmp_path / "pki", is_list_protected=True
    )
    write_secret(tmp_path / CONFIG_FILE, config.model_dump_json())
    paths: list[str] = []

    @web.middleware
    async def noting(request: web.Request, handler: Handler) -> web.StreamResponse:
        paths.append(request.path)
        return await handler(request)

    app = Vzd(tmp_path, clock).application()
    app.middlewares.append(noting)
    async with serving(app) as address:
        yield ProtectedVzd(address, paths, clock)


async def test_the_vzd_is_asked_in_three_steps_and_its_tokens_are_kept(reactor: Any, vzd: ProtectedVzd) -> None:
    source = vzd.source(reactor)
    assert (await twisted(source.fetch(None))).document is not None
    assert vzd.steps() == "tal"
    assert (await twisted(source.fetch(1))).document is None
    assert vzd.steps() == "l"


async def test_tokens_are_renewed_before_they_expire(reactor: Any, vzd: ProtectedVzd) -> None:
    source = vzd.source(reactor)
    await twisted(source.fetch(None))
    vzd.clock.now += PROVIDER_LIFETIME - timedelta(seconds=10)
    vzd.steps()
    await twisted(source.fetch(None))
    assert vzd.steps() == "tal"
    vzd.clock.now += TI_PROVIDER_LIFETIME + timedelta(hours=1)
    await twisted(source.fetch(None))
    assert vzd.steps() == "l"


async def test_tokens_are_renewed_when_the_clock_was_set_back(reactor: Any, vzd: ProtectedVzd) -> None:
    source = vzd.source(reactor)
    await twisted(source.fetch(None))
    vzd.clock.now -= timedelta(days=400)
    vzd.steps()
    await twisted(source.fetch(None))
    assert vzd.steps() == "tal"


async def test_a_refused_token_is_renewed_once(reactor: Any, vzd: ProtectedVzd, tmp_path: Path) -> None:
    source = vzd.source(reactor)
    await twisted(source.fetch(None))
    async with serving(Vzd(tmp_path, vzd.clock).application()) as restarted:  # forgot every token
        source._list._address = source._list._address.replace(vzd.address, restarted)
        tokens = source._tokens
        tokens._authenticate_address = tokens._authenticate_address.replace(vzd.address, restarted)
        tokens._token_address = tokens._token_address.replace(vzd.address, restarted)
        assert (await twisted(source.fetch(None))).document is not None


async def test_wrong_credentials_are_named_and_not_tried_twice(reactor: Any, vzd: ProtectedVzd) -> None:
    with pytest.raises(Unauthorized, match="check client_id and client_secret_file"):
        await twisted(vzd.source(reactor, "wrong").fetch(None))
    assert vzd.steps() == "t"


@pytest.mark.parametrize("body", [b"", b"[]", b'{"access_token": 1}', b'{"access_token": "a\\nb"}', b"[" * 9999])
async def test_a_token_service_that_sends_no_token_is_named(reactor: Any, clock: Clock, body: bytes) -> None:
    async def handle(_: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_post(TOKEN_PATH, handle)
    async with serving(app) as address:
        source = vzd_source(address, SECRET, reactor, clock)
        with pytest.raises(Unavailable, match="the VZD's token service sends"):
            await twisted(source.fetch(None))
