"""The parts of one running bot, put together and started in the right order."""

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol
from uuid import uuid4

import aiohttp
from sqlalchemy import Connection

from tim_bots.account import StoredSeeds, log_in, publish_display_name, publish_keys
from tim_bots.backoff import delays
from tim_bots.cipher import Cipher
from tim_bots.config import BotConfig
from tim_bots.counter.counter import HasCounter
from tim_bots.cross_signing import ensure_cross_signed
from tim_bots.database import Database
from tim_bots.delivery import Delivery
from tim_bots.directory.client import Directory
from tim_bots.flow import Flow
from tim_bots.guard import GuardedClient
from tim_bots.health import Health
from tim_bots.identity.key_backup import KeyBackup
from tim_bots.invites import Invites
from tim_bots.matrix_http import RequestFailed
from tim_bots.outbox import Action, text_content
from tim_bots.queues import Queues
from tim_bots.secret_files import read_secret
from tim_bots.sender import Sender
from tim_bots.structured.capabilities import announce
from tim_bots.structured.client_report import ClientReport
from tim_bots.sync_loop import SyncLoop
from tim_bots.verification.picture import picture_of
from tim_bots.verification.verifier import Verifier
from tim_bots.worker import Worker
from tim_policy.errors import TimError

logger = logging.getLogger(__name__)


class _Part(Protocol):
    """Works until cancelled."""

    async def run(self) -> None: ...


class Bot:
    """One account at work.

    Args:
        config: of the bot.
        client: not logged in.
        database: writes as long as this process has the account.
        cipher: of the database.
        flow: decides.
        health: what the bot tells about itself.
        may_send: raises when another process has the account.
    """

    def __init__(
        self,
        *,
        config: BotConfig,
        client: GuardedClient,
        database: Database,
        cipher: Cipher,
        flow: Flow,
        health: Health,
        may_send: Callable[[], None],
    ) -> None:
        self._config = config
        self._client = client
        self._database = database
        self._cipher = cipher
        self._health = health
        self._backup: KeyBackup | None = None
        self._verifier: Verifier | None = None
        self._queues = queues = Queues.of(cipher, config.operator_room)
        directory = None if config.directory is None else Directory(client, config.directory.url)
        delivery = Delivery(client, database, queues, self._arrived, directory)
        self._sender = Sender(database, queues, delivery, health, may_send)
        self._worker = Worker(database, queues, flow, config.user_id, self._sender.wake)
        self._invites = Invites(client=client, database=database, queues=queues, notify=self._joined)
        self._sync = SyncLoop(client=client, database=database, queues=queues, health=health, notify=self._arrived)
        self._report = self._client_report(config)
        self._at_the_counter = self._counter_parts(config, flow)

    def _arrived(self) -> None:
        self._worker.wake()
        self._invites.wake()

    def _joined(self) -> None:
        self._worker.wake()  # messages wait for the invite of their room
        self._sender.wake()

    async def _tell_operator(self, text: str, code: bytes | None) -> None:
        room_id = self._config.operator_room
        if room_id is None:
            return
        outbox, content = self._queues.outbox, text_content(text)

        def work(connection: Connection) -> None:
            outbox.add(connection, room_id, f"tim-{uuid4().hex}", Action.SEND_ENCRYPTED, content)
            if code is not None:
                outbox.add(connection, room_id, f"tim-{uuid4().hex}", Action.UPLOAD_FILE, picture_of(code))

        await self._database.transaction(work)
        self._sender.wake()

    async def run(self, password: str) -> None:
        """Work until cancelled.

        Raises:
            TimError: the bot cannot go on; the text says what to do.
        """
        await self._prepare(password)
        async with asyncio.TaskGroup() as tasks:
            always = (self._sync, self._worker, self._invites, self._sender)
            for part in (*always, self._backup, self._verifier, self._report, *self._at_the_counter):
                if part is not None:
                    tasks.create_task(part.run())

    def _counter_parts(self, config: BotConfig, flow: Flow) -> list[_Part]:
        """The API and the folders, each loaded only by a bot that has it.

        Raises:
            ConfigError: one of them cannot be used as configured.
        """
        found: list[_Part] = []
        if not isinstance(flow, HasCounter):
            return found
        stands_on = (flow.counter, self._database, self._queues, self._cipher, self._joined)
        if config.api is not None:
            from tim_bots.api.service import Api  # noqa: PLC0415 - see above

            found.append(Api(config.api, *stands_on))
        if config.pvs is not None:
            from tim_bots.pvs.handover import PvsHandover  # noqa: PLC0415 - see above

            found.append(PvsHandover(config.pvs, *stands_on))
        return found

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
            except (OSError, TimeoutError, aiohttp.ClientError) as error:
                logger.warning(
                    "homeserver unreachable component=process error=%s retry_s=%.1f", type(error).__name__, pause
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
        self._verifier = Verifier(client, fingerprint, self._tell_operator, self._config.operator_room)
        client.on_decrypted = self._verifier.offer
        await publish_display_name(client, self._config.display_name)
        if not await announce(client):
            logger.warning("capabilities not announced component=process reason=no_profile_fields")
        logger.info("ready component=process master_key=%s", fingerprint)
