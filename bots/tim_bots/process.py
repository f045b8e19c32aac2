"""One bot process: puts the parts together, starts them in the right order and stops them cleanly."""

import asyncio
import logging
import os
import signal
import traceback
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from tim_bots.account import StoredSeeds, log_in, new_client, publish_display_name, publish_keys
from tim_bots.backoff import delays
from tim_bots.cipher import Cipher
from tim_bots.config import BotConfig
from tim_bots.cross_signing import ensure_cross_signed
from tim_bots.database import Database
from tim_bots.delivery import Delivery
from tim_bots.flow import Flow
from tim_bots.flow_of import flow_of
from tim_bots.guard import GuardedClient, require_supported_nio
from tim_bots.health import Health
from tim_bots.identity.key_backup import KeyBackup
from tim_bots.invites import Invites
from tim_bots.matrix_http import RequestFailed
from tim_bots.messages import require_messages
from tim_bots.queues import Queues
from tim_bots.secret_files import read_secret
from tim_bots.sender import Sender
from tim_bots.service import serve_health
from tim_bots.state import open_state
from tim_bots.structured.capabilities import announce
from tim_bots.structured.client_report import ClientReport
from tim_bots.surroundings import Surroundings
from tim_bots.sync_loop import SyncLoop
from tim_bots.worker import Worker
from tim_policy.errors import TimError

logger = logging.getLogger(__name__)

CHASSIS_MESSAGES = (
    "chassis-room-not-encrypted",
    "chassis-message-not-encrypted",
    "chassis-failed",
    "chassis-please-send-again",
    "chassis-operator-dead-letter",
)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

MakeFlow = Callable[[BotConfig, Cipher, Surroundings], Flow]


class BotFailed(TimError):
    """The process ended for a reason that nobody foresaw."""


async def run_bot(config: BotConfig, make_flow: MakeFlow = flow_of) -> None:
    """Run one bot until SIGTERM or SIGINT.

    Raises:
        TimError: the bot cannot run, or cannot go on; the text says what to do.
    """
    os.umask(0o077)
    require_supported_nio()
    require_messages(CHASSIS_MESSAGES)
    password = read_secret(config.password_file, "password_file")
    with open_state(config) as state:
        database = Database(state.engine)
        pickle_key = state.cipher.derive("crypto store").hex()
        client = new_client(config.homeserver, config.user_id, config.state_dir, pickle_key)
        flow = make_flow(config, state.cipher, surroundings_of(client))
        try:
            bot = Bot(config, client, database, state.cipher, flow)
            await _until_stopped(bot.run(password))
        finally:
            await client.close()
            database.close()
    logger.info("stopped component=process")


def surroundings_of(client: GuardedClient) -> Surroundings:
    """What a flow may ask about this client."""
    return Surroundings(own_device=lambda: str(client.device_id), is_verified=lambda _user_id: False)


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        pass
    except Exception as error:  # noqa: BLE001 - every end is told in one line
        raise explain_end(error) from None
    finally:
        for number in _STOP_SIGNALS:
            loop.remove_signal_handler(number)


def explain_end(error: BaseException) -> TimError:
    """The one fault to tell the operator about: a foreseen one if there is one, else where the first happened.

    The text of an unforeseen exception may hold personal data, so only its class and place are named.
    """
    faults = list(_leaves(error))
    foreseen = next((fault for fault in faults if isinstance(fault, TimError)), None)
    if foreseen is not None:
        return foreseen
    place = traceback.extract_tb(faults[0].__traceback__)[-1]
    name = f"{type(faults[0]).__name__} at {Path(place.filename).name}:{place.lineno} in {place.name}"
    return BotFailed(f"internal error: {name}; restart the bot, nothing is lost, and report this line")


def _leaves(error: BaseException) -> Iterator[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


class Bot:
    """The parts of one running bot."""

    def __init__(
        self, config: BotConfig, client: GuardedClient, database: Database, cipher: Cipher, flow: Flow
    ) -> None:
        self._config = config
        self._client = client
        self._database = database
        self._cipher = cipher
        self._health = Health()
        self._backup: KeyBackup | None = None
        queues = Queues.of(cipher, config.operator_room)
        self._queues = queues
        delivery = Delivery(client, database, queues, self._arrived)
        self._sender = Sender(database, queues, delivery, self._health)
        self._worker = Worker(database, queues, flow, config.user_id, self._sender.wake)
        self._invites = Invites(client=client, database=database, queues=queues, notify=self._joined)
        self._sync = SyncLoop(
            client=client, database=database, queues=queues, health=self._health, notify=self._arrived
        )
        self._report = self._client_report(config)

    def _arrived(self) -> None:
        self._worker.wake()
        self._invites.wake()

    def _joined(self) -> None:
        self._worker.wake()  # messages wait for the invite of their room
        self._sender.wake()

    async def run(self, password: str) -> None:
        """Work until cancelled."""
        async with serve_health(self._config.health_port, self._health, self._database, self._queues):
            await self._prepare(password)
            async with asyncio.TaskGroup() as tasks:
                for part in (self._sync, self._worker, self._invites, self._sender, self._backup, self._report):
                    if part is not None:
                        tasks.create_task(part.run())

    def _client_report(self, config: BotConfig) -> ClientReport | None:
        if (wanted := config.client_report) is None:
            return None

        def token() -> str:
            file = wanted.token_file
            return read_secret(file, "client_report.token_file") if file else str(self._client.access_token)

        url = wanted.url or f"{config.homeserver}/tim-client-report"
        return ClientReport(self._database, url, token, wanted.interval)

    async def _prepare(self, password: str) -> None:
        """Log in and publish the identity; a homeserver that is down is waited for."""
        for pause in delays():
            try:
                await self._publish(password)
            except TimError as error:
                if not isinstance(error, RequestFailed) or error.is_final:
                    raise
                logger.warning("start failed component=process error=%s retry_s=%.1f", error.errcode, pause)
            except (OSError, TimeoutError) as error:
                logger.warning(
                    "homeserver unreachable component=process error=%s retry_s=%.1f",
                    type(error).__name__,
                    pause,
                )
            else:
                return
            await asyncio.sleep(pause)

    async def _publish(self, password: str) -> None:
        client = self._client
        if not client.logged_in:
            await log_in(client, self._database, self._cipher, password)
        client.olm.trust.strictness = self._config.trust
        await publish_keys(client)
        self._health.token_valid = True
        seeds = StoredSeeds(self._database, self._cipher, client.user_id)
        fingerprint = await ensure_cross_signed(client, seeds, password)
        client.olm.trust.set_own_identity(fingerprint)
        self._health.identity_published = True
        identity = await seeds.load()
        if self._config.key_backup and identity is not None:
            self._backup = KeyBackup(client, identity)
            await self._backup.open()
        await publish_display_name(client, self._config.display_name)
        if not await announce(client):
            logger.warning("capabilities not announced component=process; the homeserver has no profile fields")
        logger.info("ready component=process master_key=%s", fingerprint)
