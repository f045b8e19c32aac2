"""The real bot process with a flow that says what it is told, and the ways in which a flow can misbehave."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection

from tim_bots import leadership, sync_loop, worker
from tim_bots.cipher import Cipher
from tim_bots.config import BotConfig, load_config
from tim_bots.flow import Flow, Incoming, Outgoing, SendFile, SendText, SetTimer
from tim_bots.identity import key_backup
from tim_bots.logs import configure_logging
from tim_bots.process import run_bots
from tim_bots.surroundings import Surroundings
from tim_policy.errors import TimError


class EchoFlow:
    """Answers each message with its kind and text; `file` brings a file, `raise` an exception, `timer` a timer."""

    def handle(self, connection: Connection, message: Incoming) -> Sequence[Outgoing]:
        del connection
        if message.text == "raise":
            raise RuntimeError(f"{message.sender} said {message.text}")
        answers: list[Outgoing] = [SendText(f"{message.kind}: {message.text}")]
        if message.text == "file":
            answers.append(SendFile("termin.ics", "text/calendar", b"BEGIN:VCALENDAR"))
        if message.text == "timer":
            answers.append(SetTimer("reminder", message.received_at + timedelta(seconds=2), {"about": "Kanarienvogel"}))
        return answers


def make_flow(_config: BotConfig, _cipher: Cipher, _surroundings: Surroundings) -> Flow:
    return EchoFlow()


if __name__ == "__main__":
    sync_loop.KEY_PATIENCE = timedelta(seconds=2)
    key_backup.PERIOD = 1.0
    leadership.TTL_SECONDS = 4
    worker.PAUSES = (timedelta(0), timedelta(0))
    configure_logging()
    try:
        asyncio.run(run_bots([load_config(Path(path)) for path in sys.argv[1:]], make_flow))
    except TimError as error:
        sys.exit(f"tim: {error}")
