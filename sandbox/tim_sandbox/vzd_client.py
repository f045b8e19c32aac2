"""Provider operations on the stand-in VZD: who is on the federation list."""

import base64
import json
from typing import Any

import aiohttp

from tim_sandbox.errors import RequestRefused

_TIMEOUT = aiohttp.ClientTimeout(total=30)
_SUCCESS = range(200, 300)
_SERVICES = "/tim-provider-services"


class VzdClient:
    """The stand-in VZD, seen by one TI-M provider.

    Args:
        provider_token: bearer token of the provider; domains belong to the provider that added them.
    """

    def __init__(self, http: aiohttp.ClientSession, url: str, provider_token: str) -> None:
        self._http = http
        self.url = url
        self._headers = {"Authorization": f"Bearer {provider_token}"}

    @property
    def list_url(self) -> str:
        """Where homeservers fetch the signed federation list."""
        return f"{self.url}{_SERVICES}/FederationList/federationList.jws"

    async def is_healthy(self) -> bool:
        """Whether it answers."""
        try:
            async with self._http.get(f"{self.url}{_SERVICES}/", timeout=_TIMEOUT) as response:
                return response.status in _SUCCESS
        except (aiohttp.ClientError, TimeoutError):
            return False

    async def domains(self) -> list[dict[str, Any]]:
        """The domains of this provider."""
        domains: list[dict[str, Any]] = await self._call("GET", "/federation")
        return domains

    async def add_domain(self, domain: dict[str, Any]) -> None:
        """Put a domain on the list: `domain`, `telematikID`, `isInsurance` and, for insurers, `ik`."""
        await self._call("POST", "/federation", domain)

    async def change_domain(self, domain: dict[str, Any]) -> None:
        """Replace the entry of `domain["domain"]`."""
        await self._call("PUT", f"/federation/{domain['domain']}", domain)

    async def remove_domain(self, server_name: str) -> None:
        """Take a domain off the list."""
        await self._call("DELETE", f"/federation/{server_name}")

    async def revoke(self, certificate: str) -> None:
        """Revoke `signer`, `signer-es256` or `component-ca`, as the OCSP responder tells."""
        await self._ask("PUT", f"{self.url}/sandbox/revocation/{certificate}")

    async def reinstate(self, certificate: str) -> None:
        """Take a revocation back."""
        await self._ask("DELETE", f"{self.url}/sandbox/revocation/{certificate}")

    async def signed_list(self) -> bytes:
        """The federation list as served right now."""
        async with self._http.get(self.list_url, timeout=_TIMEOUT) as response:
            return await response.read()

    async def list_version(self) -> int:
        """Version of the list as served right now."""
        payload = (await self.signed_list()).split(b".")[1]
        version: int = json.loads(base64.urlsafe_b64decode(payload + b"=="))["version"]
        return version

    async def _call(self, method: str, path: str, body: Any = None) -> Any:
        return await self._ask(method, f"{self.url}{_SERVICES}{path}", body)

    async def _ask(self, method: str, url: str, body: Any = None) -> Any:
        async with self._http.request(method, url, json=body, headers=self._headers, timeout=_TIMEOUT) as response:
            if response.status not in _SUCCESS:
                raise RequestRefused(f"{method} {url}: {response.status} {await response.text()}")
            return await response.json() if response.content_type == "application/json" else None
