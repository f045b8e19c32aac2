"""One process: opens the state of its bots, lets each work, and stops them cleanly."""

import asyncio
import logging
import os
import signal
import traceback
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any

from tim_bots.bot import Bot
from tim_bots.cipher import Cipher
from tim_bots.config import BotConfig
from tim_bots.database import Database
from tim_bots.flow import Flow
from tim_bots.flow_of import flow_of
from tim_bots.guard import GuardedClient, require_supported_nio
from tim_bots.health import Health
from tim_bots.leadership import work_in_turn
from tim_bots.lease import Lease
from tim_bots.messages import require_messages
from tim_bots.queues import Queues
from tim_bots.secret_files import read_secret
from tim_bots.service import serve_health
from tim_bots.state import State, open_keys, open_state
from tim_bots.surroundings import Surroundings
from tim_bots.verification import verifier
from tim_policy.errors import ConfigError, TimError

logger = logging.getLogger(__name__)

CHASSIS_MESSAGES = (
    "chassis-room-not-encrypted",
    "chassis-message-not-encrypted",
    "chassis-failed",
    "chassis-please-send-again",
    "chassis-key-withheld",
    "chassis-device-not-trusted",
    "chassis-operator-dead-letter",
    *verifier.MESSAGES,
)
_STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)

MakeFlow = Callable[[BotConfig, Cipher, Surroundings], Flow]


class BotFailed(TimError):
    """The process ended for a reason that nobody foresaw."""


async def run_bots(configs: Sequence[BotConfig], make_flow: MakeFlow = flow_of) -> None:
    """Run bots until SIGTERM or SIGINT. One that cannot go on does not stop the others.

    Raises:
        TimError: one bot could not run, or could not go on, and no other is left; the text says what to do.
    """
    os.umask(0o077)
    require_supported_nio()
    require_messages(CHASSIS_MESSAGES)
    if len({config.user_id for config in configs}) < len(configs):
        raise ConfigError("user_id: two configurations name the same account; give each bot its own")
    await _until_stopped(_run_all(configs, make_flow))
    logger.info("stopped component=process")


async def _run_all(configs: Sequence[BotConfig], make_flow: MakeFlow) -> None:
    faults: list[TimError] = []

    async def run(number: int, config: BotConfig) -> None:
        try:
            await run_bot(config, make_flow)
        except Exception as error:  # noqa: BLE001 - every end is told in one line
            faults.append(explain_end(error))
            if len(configs) > 1:
                logger.error("bot stopped component=process bot=%d reason=%s", number, faults[-1])

    async with asyncio.TaskGroup() as tasks:
        for number, config in enumerate(configs, 1):
            tasks.create_task(run(number, config))
    raise faults[0]


async def run_bot(config: BotConfig, make_flow: MakeFlow) -> None:
    """Run one bot until cancelled.

    Raises:
        TimError: the bot cannot run, or cannot go on; the text says what to do.
    """
    password = read_secret(config.password_file, "password_file")
    with open_state(config) as state:
        health, database = Health(), Database(state.engine)

        async def work(lease: Lease | None) -> None:
            await _work(config, state, make_flow, health, lease, password)

        try:
            async with serve_health(config.health_port, health, database, Queues.of(state.cipher)):
                if config.database_url is None:
                    await work(None)  # the lock on state_dir is the claim
                else:
                    await work_in_turn(database, health, work)
        finally:
            database.close()


async def _work(
    config: BotConfig, state: State, make_flow: MakeFlow, health: Health, lease: Lease | None, password: str
) -> None:
    database = Database(state.engine) if lease is None else Database(state.engine, lease.fence)
    keys = open_keys(config, lease)
    client = GuardedClient(config.homeserver, config.user_id, keys, state.cipher.derive("crypto store").hex())
    try:
        bot = Bot(
            config=config,
            client=client,
            database=database,
            cipher=state.cipher,
            flow=make_flow(config, state.cipher, surroundings_of(client)),
            health=health,
            may_send=(lambda: None) if lease is None else lease.require_time_left,
        )
        await bot.run(password)
    finally:
        await client.close()
        keys.dispose()
        database.close()


def surroundings_of(client: GuardedClient) -> Surroundings:
    """What a flow may ask about this client."""
    return Surroundings(own_device=lambda: str(client.device_id))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    for number in _STOP_SIGNALS:
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        pass
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
