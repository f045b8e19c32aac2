"""The stand-in VZD as aiohttp application: paths, authorisation, error bodies."""

import json
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
from aiohttp import web

from tim_sandbox.federation_list import SigAlg
from tim_sandbox.members import ALTE_PRAXIS, EVERYONE
from tim_sandbox.pki_files import read_identity
from tim_sandbox.vzd import BANNER
from tim_sandbox.vzd.authorisation import Authorisation, bearer
from tim_sandbox.vzd.config import CONFIG_FILE, VzdConfig
from tim_sandbox.vzd.faults import Faults
from tim_sandbox.vzd.indexing import PARAMETERS
from tim_sandbox.vzd.ocsp_service import OcspService
from tim_sandbox.vzd.region import region
from tim_sandbox.vzd.registry import Refusal, Registry
from tim_sandbox.vzd.resources import Resource, directory_of
from tim_sandbox.vzd.search import Search, UnsupportedSearch, run_search
from tim_sandbox.vzd.store import Store
from tim_sandbox.vzd.tokens import LIFETIME, SearchTokens

_MAX_BODY = 64 * 1024
STORE_FILE = "directory.sqlite"
_USERINFO = "/_matrix/federation/v1/openid/userinfo"
_TIMEOUT = aiohttp.ClientTimeout(total=10)
_SERVICES = "/tim-provider-services"
_OK = 200


class Vzd:
    """Handlers and what they share."""

    def __init__(self, directory: Path, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._config = VzdConfig.model_validate_json((directory / CONFIG_FILE).read_bytes())
        pki = self._config.pki_directory
        self._registry = Registry(
            directory,
            {
                SigAlg.BP256R1: read_identity(pki / "signer"),
                SigAlg.ES256: read_identity(pki / "signer-es256"),
            },
        )
        self._store = Store(directory / STORE_FILE)
        of_tests = (ALTE_PRAXIS,) if ALTE_PRAXIS.server_name in self._config.homeserver_urls else ()
        for member in (*EVERYONE, *of_tests):
            self._store.seed(member.server_name, directory_of([member]))
        if self._config.has_region:
            self._store.seed("region", region())
        self._tokens = SearchTokens(now)
        self._authorisation = Authorisation(self._config.provider_tokens, now)
        self._ocsp = OcspService(pki, now, self._provider)
        self._faults = Faults(self._provider)

    def application(self) -> web.Application:
        """The application with all routes."""
        app = web.Application(client_max_size=_MAX_BODY, middlewares=[_refusals_as_json, self._faults.middleware])
        app.router.add_get("/", self.info)
        app.router.add_get(f"{_SERVICES}/", self.info)
        app.router.add_get(f"{_SERVICES}/FederationList/federationList.jws", self.federation_list)
        app.router.add_get(f"{_SERVICES}/localization", self.localization)
        app.router.add_get(f"{_SERVICES}/federation", self.domains)
        app.router.add_get(f"{_SERVICES}/federationCheck", self.check_domains)
        app.router.add_post(f"{_SERVICES}/federation", self.add_domain)
        app.router.add_put(f"{_SERVICES}/federation/{{domain}}", self.change_domain)
        app.router.add_delete(f"{_SERVICES}/federation/{{domain}}", self.remove_domain)
        self._authorisation.add_routes(app)
        self._ocsp.add_routes(app)
        self._faults.add_routes(app)
        app.router.add_get("/tim-authenticate", self.authenticate)
        for kind in PARAMETERS:
            app.router.add_get(f"/search/{kind}", self.search)
            app.router.add_get(f"/fdv/search/{kind}", self.search)
        app.on_cleanup.append(self._close)
        return app

    async def info(self, _request: web.Request) -> web.Response:
        """`getInfo`."""
        return web.json_response({"title": "I_VZD_TIM_Provider_Services", "description": BANNER, "version": "1.4.0"})

    async def federation_list(self, request: web.Request) -> web.Response:
        """`getFederationList`: 204 when the caller's `version` is current."""
        if self._config.is_list_protected:
            self._provider(request)
        try:
            alg = SigAlg(request.query.get("sigAlg", SigAlg.BP256R1))
        except ValueError:
            raise Refusal(400, "invalid parameter", (("sigAlg", "BP256R1 or ES256"),)) from None
        if "version" in request.query and _version(request.query["version"]) >= self._registry.version:
            return web.Response(status=204)
        return web.Response(body=self._registry.signed_list(alg), content_type="application/octet-stream")

    async def localization(self, request: web.Request) -> web.Response:
        """`whereIs`."""
        self._provider(request)
        mxid = request.query.get("mxid", "")
        if not mxid.startswith("matrix:u/"):
            raise Refusal(400, "invalid parameter", (("mxid", "format: matrix:u/localpart:domain"),))
        parts = self._store.parts_with(mxid)
        is_organisation, is_practitioner = "HealthcareService" in parts, "PractitionerRole" in parts
        where = {(True, True): "orgPract", (True, False): "org", (False, True): "pract"}
        return web.json_response(where.get((is_organisation, is_practitioner), "none"))

    async def domains(self, request: web.Request) -> web.Response:
        """`getTiMessengerDomain`."""
        domains = self._registry.domains_of(self._provider(request), request.query.get("domain"))
        return web.json_response([domain.wire() for domain in domains])

    async def add_domain(self, request: web.Request) -> web.Response:
        """`addTiMessengerDomain`."""
        provider, body = self._provider(request), await _json(request)
        telematik_id = body.get("telematikID") if isinstance(body, dict) else None
        if isinstance(telematik_id, str) and self._is_inactive(telematik_id):
            raise Refusal(400, "organization which belongs to the telematikID is not active")
        return web.json_response(self._registry.add(provider, body).wire())

    async def change_domain(self, request: web.Request) -> web.Response:
        """`updateTiMessengerDomain`."""
        provider = self._provider(request)
        domain = request.match_info["domain"]
        return web.json_response(self._registry.change(provider, domain, await _json(request)).wire())

    async def remove_domain(self, request: web.Request) -> web.Response:
        """`deleteTiMessengerDomain`."""
        self._registry.remove(self._provider(request), request.match_info["domain"])
        return web.Response(status=204)

    async def check_domains(self, request: web.Request) -> web.Response:
        """`checkTiMessengerDomains`: own domains whose organisation the directory knows as inactive."""
        domains = self._registry.domains_of(self._provider(request), None)
        inactive = [domain.wire() for domain in domains if self._is_inactive(domain.telematikID)]
        if not inactive:
            return web.Response(status=204)
        return web.json_response({"inactiveOrganizationDomains": inactive})

    def _is_inactive(self, telematik_id: str) -> bool:
        found = self._store.organisation(telematik_id)
        return found is not None and found.get("active") is False

    async def authenticate(self, request: web.Request) -> web.Response:
        """`getTimeAuthenticate`: the domain's homeserver says whose token it is."""
        token = request.headers.get("X-Matrix-OpenID-Token", "")
        domain = request.query.get("mxId", "")
        url = self._config.homeserver_urls.get(domain)
        if not token or url is None or not self._registry.has(domain):
            raise Refusal(401, "mxId is not a domain of the federation, or the token is missing")
        if not await _is_user_of(domain, url, token):
            raise Refusal(401, "the homeserver does not confirm the token")
        body = {
            "access_token": self._tokens.issue(),
            "token_type": "Bearer",
            "expires_in": int(LIFETIME.total_seconds()),
        }
        return web.json_response(body)

    async def search(self, request: web.Request) -> web.Response:
        """`GET /search/<type>`, and `/fdv/search/<type>` as insured persons see it."""
        if not self._tokens.is_valid(bearer(request)):
            raise Refusal(401, "a search token is required (GET /tim-authenticate)")
        kind = request.path.rpartition("/")[2]
        address = str(request.url.origin()) + request.path
        is_insured = request.path.startswith("/fdv/")
        try:
            bundle = run_search(self._store, Search(kind, list(request.query.items()), address, is_insured=is_insured))
        except UnsupportedSearch as error:
            return _fhir(_operation_outcome(f"the sandbox does not support: {error}"), status=400)
        return web.Response(text=bundle, content_type="application/fhir+json")

    async def _close(self, _app: web.Application) -> None:
        self._store.close()

    def _provider(self, request: web.Request) -> str:
        return self._authorisation.provider(request)


@web.middleware
async def _refusals_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        response = await handler(request)
    except Refusal as refusal:
        response = _error(refusal.status, refusal.message, refusal.errors)
    except web.HTTPException as error:
        response = _error(error.status, error.reason)
    response.headers["Server"] = BANNER
    if response.status == web.HTTPUnauthorized.status_code:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _error(status: int, message: str, errors: Iterable[tuple[str, str]] = ()) -> web.Response:
    details = [{"attributeName": name, "attributeError": fault} for name, fault in errors]
    return web.json_response({"message": message, "errors": details}, status=status)


def _fhir(resource: Resource, status: int = _OK) -> web.Response:
    return web.json_response(resource, status=status, content_type="application/fhir+json")


def _operation_outcome(text: str) -> Resource:
    issue = {"severity": "error", "code": "not-supported", "diagnostics": text}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def _version(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Refusal(400, "invalid parameter", (("version", "an integer"),)) from None


async def _json(request: web.Request) -> object:
    try:
        body: object = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise Refusal(400, "the body is not JSON") from None
    return body


async def _is_user_of(domain: str, url: str, token: str) -> bool:
    """Ask the homeserver (Matrix server-server API, OpenID); only users of `domain` itself count."""
    try:
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as http,
            http.get(url + _USERINFO, params={"access_token": token}) as response,
        ):
            if response.status != _OK:
                return False
            user_id = (await response.json()).get("sub", "")
    except (aiohttp.ClientError, TimeoutError):
        raise Refusal(503, "the homeserver does not answer") from None
    return isinstance(user_id, str) and user_id.partition(":")[2] == domain
