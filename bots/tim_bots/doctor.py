"""`tim bot doctor`: looks at everything a bot needs, changes nothing, and says one line about each."""

import asyncio
import enum
import shutil
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import aiohttp
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from tim_bots.account import Login, stored_login
from tim_bots.cipher import read_key_file
from tim_bots.config import BotConfig
from tim_bots.data_keys import open_cipher
from tim_bots.database import new_engine
from tim_bots.guard import require_supported_nio
from tim_bots.queues import Queues
from tim_bots.schema import head, revision_of
from tim_bots.secret_files import read_secret
from tim_bots.signatures import verify_device_signed
from tim_bots.state import database_place
from tim_policy.errors import TimError

_TIMEOUT = aiohttp.ClientTimeout(total=10)
_OK, _UNAUTHORIZED, _UNAVAILABLE = 200, 401, 503
_MIB = 2**20
_FREE_WANTED, _FREE_NEEDED = 1024 * _MIB, 100 * _MIB
_SKEW_WANTED, _SKEW_ALLOWED = 5.0, 60.0
_SPEC_NEEDED = "v1.11"
"""Authenticated media (client-server API 1.11)."""


class Verdict(enum.StrEnum):
    """What a line begins with."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line.

    Args:
        verdict: FAIL makes the exit code 1.
        name: of what was looked at.
        text: what was found and, if it is not good, what to do; nothing personal.
    """

    verdict: Verdict
    name: str
    text: str


def judge_disk(free_bytes: int) -> Finding:
    """Free space where the state is."""
    text = f"{free_bytes // _MIB} MiB free"
    if free_bytes < _FREE_NEEDED:
        return Finding(Verdict.FAIL, "disk", f"{text}; make room, without it the bot stops taking messages")
    if free_bytes < _FREE_WANTED:
        return Finding(Verdict.WARN, "disk", f"{text}; make room soon")
    return Finding(Verdict.OK, "disk", text)


def judge_clock(skew_seconds: float) -> Finding:
    """Difference between the homeserver's clock and ours; positive: ours is ahead. Exact to about a second."""
    text = f"{skew_seconds:+.0f} s against the homeserver"
    if abs(skew_seconds) > _SKEW_ALLOWED:
        return Finding(Verdict.FAIL, "clock", f"{text}; appointments and timers will be wrong: start a time service")
    if abs(skew_seconds) > _SKEW_WANTED:
        return Finding(Verdict.WARN, "clock", f"{text}; look at the time service")
    return Finding(Verdict.OK, "clock", text)


def judge_versions(body: Any) -> Finding:
    """The answer of `/_matrix/client/versions`."""
    versions = body.get("versions") if isinstance(body, Mapping) else None
    if not isinstance(versions, list) or not versions:
        return Finding(Verdict.FAIL, "versions", "no Matrix homeserver answers there; look at homeserver")
    if _SPEC_NEEDED not in versions:
        return Finding(Verdict.FAIL, "versions", f"the homeserver lacks {_SPEC_NEEDED} of the specification; update it")
    return Finding(Verdict.OK, "versions", f"up to {versions[-1]}")


async def examine(config: BotConfig, admin_token_file: Path | None = None) -> AsyncIterator[Finding]:
    """Look at everything.

    Args:
        config: of the bot, which may run or not.
        admin_token_file: token of a server admin, for what only they may see; None: that is left out.
    """
    yield _try("library", "matrix-nio is the supported one", require_supported_nio)
    yield _secrets(config)
    yield _state_dir(config.state_dir)
    free = await asyncio.to_thread(_free_space, config.state_dir)
    yield judge_disk(free)
    found, login = await asyncio.to_thread(_database, config)
    for finding in found:
        yield finding
    async with aiohttp.ClientSession(timeout=_TIMEOUT) as http:
        async for finding in _homeserver(http, config, login):
            yield finding
        if admin_token_file is not None:
            yield await _rate_limit(http, config, admin_token_file)
        if config.health_port is not None:
            yield await _running_bot(http, config.health_port)


def _try(name: str, good: str, check: Any) -> Finding:
    try:
        check()
    except TimError as error:
        return Finding(Verdict.FAIL, name, str(error))
    return Finding(Verdict.OK, name, good)


def _secrets(config: BotConfig) -> Finding:
    def check() -> None:
        read_key_file(config.key_file)
        read_secret(config.password_file, "password_file")
        if config.database_password_file is not None:
            read_secret(config.database_password_file, "database_password_file")

    return _try("secrets", "readable by the bot's user only", check)


def _state_dir(state_dir: Path) -> Finding:
    try:
        mode = state_dir.stat().st_mode
    except FileNotFoundError:
        return Finding(Verdict.WARN, "state_dir", "not there yet; the first start makes it")
    except OSError as error:
        return Finding(
            Verdict.FAIL, "state_dir", f"cannot be read ({type(error).__name__}); run this as the bot's user"
        )
    if mode & 0o077:
        return Finding(Verdict.FAIL, "state_dir", f"open to other users; run: chmod 700 {state_dir}")
    return Finding(Verdict.OK, "state_dir", "readable by the bot's user only")


def _free_space(state_dir: Path) -> int:
    place = next(path for path in (state_dir, *state_dir.parents) if path.exists())
    return shutil.disk_usage(place).free


def _database(config: BotConfig) -> tuple[list[Finding], Login | None]:
    try:
        place = database_place(config)
        if isinstance(place, Path) and not place.exists():
            return [Finding(Verdict.WARN, "database", "not there yet; the first start makes it")], None
        engine = new_engine(place)
        try:
            return _look_into(engine, read_key_file(config.key_file))
        finally:
            engine.dispose()
    except TimError as error:
        return [Finding(Verdict.FAIL, "database", str(error))], None
    except DBAPIError as error:
        return [Finding(Verdict.FAIL, "database", f"cannot be opened ({type(error.orig).__name__})")], None


def _look_into(engine: Engine, key: bytes) -> tuple[list[Finding], Login | None]:
    with engine.connect() as connection:  # ends with a rollback
        revision = revision_of(connection)
        if revision is None:
            return [Finding(Verdict.WARN, "database", "empty; the first start makes the tables")], None
        if revision != head():
            text = f"has schema {revision}, this program works with {head()}; the next start updates it if it is older"
            return [Finding(Verdict.WARN, "database", text)], None
        cipher = open_cipher(connection, key)
        good = Finding(Verdict.OK, "database", f"schema {revision}, key_file opens it")
        return [good, _dead_letters(connection, Queues.of(cipher))], stored_login(connection, cipher)


def _dead_letters(connection: Connection, queues: Queues) -> Finding:
    count = len(queues.dead_letters.all(connection))
    if count:
        return Finding(Verdict.WARN, "letters", f"{count} dead letters; see them with: tim bot dead-letters list")
    return Finding(Verdict.OK, "letters", "no dead letters")


async def _homeserver(http: aiohttp.ClientSession, config: BotConfig, login: Login | None) -> AsyncIterator[Finding]:
    try:
        async with http.get(f"{config.homeserver}/_matrix/client/versions") as response:
            body, date = await response.json(content_type=None), response.headers.get("Date")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        text = f"cannot be reached ({type(error).__name__}); look at homeserver, the network and the certificate"
        yield Finding(Verdict.FAIL, "homeserver", text)
        return
    yield Finding(Verdict.OK, "homeserver", "reachable")
    yield judge_versions(body)
    if date is not None:
        yield judge_clock(time.time() - parsedate_to_datetime(date).timestamp())
    if login is None:
        yield Finding(Verdict.WARN, "token", "not logged in yet; the first start logs in")
        return
    yield await _token(http, config, login)
    yield await _device(http, config, login)


async def _token(http: aiohttp.ClientSession, config: BotConfig, login: Login) -> Finding:
    status, answer = await _ask(http, config, login.access_token, "GET", "/_matrix/client/v3/account/whoami")
    if status == _UNAUTHORIZED:
        text = "not valid any more; find out who logged the device out, then run: tim bot new-device"
        return Finding(Verdict.FAIL, "token", text)
    if status != _OK:
        return Finding(Verdict.FAIL, "token", f"the homeserver answers with HTTP {status}")
    if (answer.get("user_id"), answer.get("device_id")) != (config.user_id, login.device_id):
        return Finding(Verdict.FAIL, "token", "belongs to another account or device; look at user_id and state_dir")
    return Finding(Verdict.OK, "token", "valid")


async def _device(http: aiohttp.ClientSession, config: BotConfig, login: Login) -> Finding:
    body: dict[str, Any] = {"device_keys": {config.user_id: []}}
    path = "/_matrix/client/v3/keys/query"
    status, answer = await _ask(http, config, login.access_token, "POST", path, body)
    if status == _OK and verify_device_signed(answer, config.user_id, login.device_id):
        return Finding(Verdict.OK, "device", "signed by the bot's identity")
    return Finding(Verdict.FAIL, "device", "not signed by the bot's identity; restart the bot and read its log")


async def _ask(
    http: aiohttp.ClientSession, config: BotConfig, token: str, method: str, path: str, body: Any = None
) -> tuple[int, dict[str, Any]]:
    headers = {"Authorization": f"Bearer {token}"}
    try:
        async with http.request(method, config.homeserver + path, json=body, headers=headers) as response:
            answer = await response.json(content_type=None)
            return response.status, answer if isinstance(answer, dict) else {}
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return 0, {}


async def _rate_limit(http: aiohttp.ClientSession, config: BotConfig, admin_token_file: Path) -> Finding:
    try:
        token = read_secret(admin_token_file, "--admin-token-file").strip()
    except TimError as error:
        return Finding(Verdict.FAIL, "ratelimit", str(error))
    path = f"/_synapse/admin/v1/users/{quote(config.user_id, safe='')}/override_ratelimit"
    status, answer = await _ask(http, config, token, "GET", path)
    if status != _OK:
        return Finding(Verdict.FAIL, "ratelimit", f"the homeserver answers with HTTP {status}; is it an admin's token?")
    if answer.get("messages_per_second") == 0:
        return Finding(Verdict.OK, "ratelimit", "the bot's account is exempt")
    text = f'not exempt; Synapse\'s default lets 17 answers out in 40 s: POST {{"messages_per_second": 0}} to {path}'
    return Finding(Verdict.WARN, "ratelimit", text.replace(quote(config.user_id, safe=""), "USER_ID"))


async def _running_bot(http: aiohttp.ClientSession, port: int) -> Finding:
    try:
        async with http.get(f"http://127.0.0.1:{port}/ready") as response:
            body, status = await response.json(content_type=None), response.status
    except (aiohttp.ClientError, TimeoutError, ValueError):
        return Finding(Verdict.WARN, "bot", "does not run on this machine, or does not answer on health_port")
    if status == _OK:
        return Finding(Verdict.OK, "bot", "runs and is ready")
    components = body.get("components") if isinstance(body, Mapping) else None
    parts = components if status == _UNAVAILABLE and isinstance(components, Mapping) else {}
    red = [str(name) for name, part in parts.items() if isinstance(part, Mapping) and not part.get("ok")]
    return Finding(Verdict.FAIL, "bot", f"runs, but is not ready: {', '.join(red) or 'something else answers there'}")
