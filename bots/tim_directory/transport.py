"""One exchange with the directory: time-outs, size limits, and repetition of what may be repeated."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from tim_directory.errors import Conflict, Garbage, NotFound, Refused, Unauthorised, Unavailable

_MIB = 1024 * 1024
_REPEATABLE = frozenset({"GET", "PUT", "DELETE"})
_PASSING = frozenset({429, 500, 502, 503, 504})
_MAX_DETAILS = 10
_MAX_DETAIL = 200
_SUCCESS = range(200, 300)
_UNAUTHORISED, _NOT_FOUND, _CONFLICT, _GONE = 401, 404, 409, 410

Sleep = Callable[[float], Awaitable[None]]
Query = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exchange may cost.

    Args:
        seconds: for one attempt.
        max_bytes: of an answer.
        attempts: of what may be repeated.
        pause_seconds: before the second attempt, doubled for each further one, with jitter.
        longest_pause_seconds: so long a `Retry-After` is waited for, at most.
    """

    seconds: float = 15.0
    max_bytes: int = 8 * _MIB
    attempts: int = 3
    pause_seconds: float = 0.2
    longest_pause_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask.

    Args:
        what: names the operation in errors.
        method, path: `path` is appended to the base address, already encoded.
        query: parameters in their order.
        headers: further ones.
        body: sent as JSON (`application/fhir+json` if it has a `resourceType`); None: none.
        form: sent as a form; None: none.
    """

    what: str
    method: str
    path: str
    query: Query = ()
    headers: Mapping[str, str] | None = None
    body: Any = None
    form: Mapping[str, str] | None = None


class Transport:
    """The directory's address.

    Args:
        http: session of the caller, who closes it.
        url: base address, without a slash at its end.
        limits: see `Limits`.
        sleep: waits between attempts.
    """

    def __init__(
        self, http: aiohttp.ClientSession, url: str, limits: Limits | None = None, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._http = http
        self.url = url
        self.limits = limits or Limits()
        self._sleep = sleep

    async def ask(self, request: Request) -> Any:
        """The answer as JSON; None if it has no content.

        Raises:
            Unavailable, Garbage, Unauthorised, Refused, NotFound, Conflict: see there.
        """
        body = await self.read(request)
        try:
            return json.loads(body) if body else None
        except (ValueError, RecursionError):
            raise Garbage(f"directory: {request.what}: the answer is not JSON") from None

    async def read(self, request: Request) -> bytes:
        """The answer as it is.

        Raises:
            As `ask`.
        """
        attempts = self.limits.attempts if request.method in _REPEATABLE else 1
        for left in range(attempts - 1, -1, -1):
            try:
                status, headers, body = await self._exchange(request)
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                if left:
                    await self._pause(attempts - left, None)
                    continue
                raise Unavailable(f"directory: {request.what}: no answer ({type(error).__name__})") from None
            if status not in _PASSING:
                return _judged(request, status, body)
            if left:
                await self._pause(attempts - left, headers.get("Retry-After"))
        raise Unavailable(f"directory: {request.what}: status {status}; try again later")

    async def _exchange(self, request: Request) -> tuple[int, Mapping[str, str], bytes]:
        headers = dict(request.headers or {})
        data: Any = None
        if request.body is not None:
            is_fhir = isinstance(request.body, Mapping) and "resourceType" in request.body
            headers["Content-Type"] = "application/fhir+json" if is_fhir else "application/json"
            data = json.dumps(request.body).encode()
        elif request.form is not None:
            data = dict(request.form)
        async with self._http.request(
            request.method,
            self.url + request.path,
            params=list(request.query),
            headers=headers,
            data=data,
            timeout=aiohttp.ClientTimeout(total=self.limits.seconds),
            allow_redirects=False,  # a token goes to one address only
        ) as answer:
            return answer.status, answer.headers, await self._bounded(answer, request.what)

    async def _bounded(self, answer: aiohttp.ClientResponse, what: str) -> bytes:
        most, parts, size = self.limits.max_bytes, [], 0
        async for part in answer.content.iter_chunked(65_536):
            size += len(part)
            if size > most:
                raise Garbage(f"directory: {what}: the answer is larger than {most // 1024} KiB")
            parts.append(part)
        return b"".join(parts)

    async def _pause(self, attempt: int, retry_after: str | None) -> None:
        wait = self.limits.pause_seconds * 2 ** (attempt - 1)
        wait = random.uniform(wait / 2, wait)  # noqa: S311 - jitter, no secret
        if retry_after is not None and retry_after.isascii() and retry_after.isdigit():
            wait = max(wait, float(retry_after[:6]))
        await self._sleep(min(wait, self.limits.longest_pause_seconds))


def _judged(request: Request, status: int, body: bytes) -> bytes:
    if status in _SUCCESS:
        return body
    text = f"directory: {request.what}: refused with status {status}"
    if status == _UNAUTHORISED:
        raise Unauthorised(f"{text}; check the credentials")
    if status < 400:  # noqa: PLR2004 - a redirect
        raise Garbage(f"directory: {request.what}: redirects elsewhere (status {status}); check the address")
    kind = {_NOT_FOUND: NotFound, _GONE: NotFound, _CONFLICT: Conflict}.get(status, Refused)
    raise kind(text, status, _details(body))


def _details(body: bytes) -> tuple[str, ...]:
    """What an error body says: `{message, errors}` of the provider interface, or a FHIR OperationOutcome."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return ()
    if not isinstance(said, Mapping):
        return ()
    found = [said.get("message"), said.get("error_description")]
    for name in ("errors", "issue"):
        for one in said[name] if isinstance(said.get(name), list) else ():
            if isinstance(one, Mapping):
                parts = (one.get("attributeName"), one.get("attributeError"), one.get("diagnostics"))
                found.append(": ".join(part for part in parts if isinstance(part, str)))
    lines = (" ".join(line.split())[:_MAX_DETAIL] for line in found if isinstance(line, str))
    return tuple("".join(letter for letter in line if letter.isprintable()) for line in lines if line)[:_MAX_DETAILS]
