"""Asks the directory: authenticates with an OpenID token of the homeserver, then searches."""

import json
import logging
from typing import Any
from urllib.parse import quote

import aiohttp
from nio import AsyncClient

from tim_bots.directory.entries import address_of, profession_oids
from tim_bots.matrix_http import RequestFailed, demand

logger = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_OK, _UNAUTHORISED = 200, 401
_MOST_BYTES = 1024 * 1024


class Directory:
    """The directory, as this account sees it.

    Args:
        client: logged in.
        url: base URL of the directory.
    """

    def __init__(self, client: AsyncClient, url: str) -> None:
        self._client = client
        self._url = url
        self._token: str | None = None

    async def roles(self, user_id: str) -> frozenset[str]:
        """The professionOIDs of a user id; empty as well when the directory does not answer: unclear means none.

        Raises:
            TokenRevoked: the bot's token is not valid any more.
        """
        try:
            async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
                bundle = await self._search(http, user_id)
        except (aiohttp.ClientError, TimeoutError, RequestFailed, ValueError) as error:
            logger.warning("directory failed component=directory error=%s", type(error).__name__)
            return frozenset()
        return profession_oids(bundle, user_id)

    async def _search(self, http: aiohttp.ClientSession, user_id: str) -> Any:
        query = [
            ("endpoint.address", address_of(user_id)),
            ("endpoint.status", "active"),
            ("_include", "HealthcareService:organization"),
            ("_include", "HealthcareService:endpoint"),
        ]
        for is_last in (self._token is None, True):
            token = self._token or await self._authenticate(http)
            headers = {"Authorization": f"Bearer {token}"}
            async with http.get(f"{self._url}/search/HealthcareService", params=query, headers=headers) as answer:
                if answer.status == _UNAUTHORISED and not is_last:
                    self._token = None
                    continue
                return await _json(answer)
        return None

    async def _authenticate(self, http: aiohttp.ClientSession) -> str:
        path = f"/_matrix/client/v3/user/{quote(self._client.user_id)}/openid/request_token"
        openid = await demand(self._client, "POST", path, {})
        server_name = self._client.user_id.partition(":")[2]
        headers = {"X-Matrix-OpenID-Token": str(openid.get("access_token", ""))}
        async with http.get(f"{self._url}/tim-authenticate", params={"mxId": server_name}, headers=headers) as answer:
            body = await _json(answer)
        self._token = token = str(body["access_token"]) if isinstance(body, dict) and "access_token" in body else ""
        return token


async def _json(answer: aiohttp.ClientResponse) -> Any:
    """The body.

    Raises:
        ValueError: refused, too large, or no JSON.
    """
    if answer.status != _OK:
        raise ValueError(f"HTTP {answer.status}")
    data = await answer.content.read(_MOST_BYTES + 1)
    while len(data) <= _MOST_BYTES and (chunk := await answer.content.read(_MOST_BYTES + 1)):
        data += chunk
    if len(data) > _MOST_BYTES:
        raise ValueError("too large")
    return json.loads(data)
