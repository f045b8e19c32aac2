"""The practice's chatbot: its configuration, and how to run it and see that it is ready."""

import base64
import os
import sys
from pathlib import Path

import aiohttp
import yaml

from tim_sandbox.layout import Layout
from tim_sandbox.state import HomeserverState, SandboxState, write_secret

BOT = "chatbot"

_TIMEOUT = aiohttp.ClientTimeout(total=5)
_OK = 200
_KEY_BYTES = 32
_WEEKDAYS = ("mo", "di", "mi", "do", "fr")


def write_bot(layout: Layout, state: SandboxState, homeserver: HomeserverState) -> Path:
    """Write the bot's configuration, password and, the first time, its key; return the configuration."""
    user = next(user for user in homeserver.users if user.is_bot)
    name = user.user_id[1:].partition(":")[0]
    layout.bots.mkdir(exist_ok=True)
    password_file = layout.bots / f"{name}.password"
    write_secret(password_file, user.password)
    key_file = layout.bots / f"{name}.key"
    if not key_file.exists():
        write_secret(key_file, base64.b64encode(os.urandom(_KEY_BYTES)).decode())
    config = {
        "homeserver": homeserver.client_url,
        "user_id": user.user_id,
        "password_file": str(password_file),
        "key_file": str(key_file),
        "state_dir": str(layout.bots / name),
        "health_port": state.bot_health_port,
        "display_name": user.display_name,
        "organisation": homeserver.organisation,
        "calendar": {
            "time_zone": "Europe/Berlin",
            "slot_minutes": 15,
            "lead_time": "2h",
            "horizon": "28d",
            "location": "Markt 1, Musterstadt",
            "service_name": "Sprechstunde",
            "opening_hours": {day: ["08:00-12:00", "14:00-17:00"] for day in _WEEKDAYS},
        },
    }
    path = layout.bots / f"{name}.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def bot_command(config: Path) -> list[str]:
    """The command that runs the bot."""
    return [sys.executable, "-m", "tim_cli.main", "bot", "run", "--config", str(config)]


async def is_bot_ready(http: aiohttp.ClientSession, state: SandboxState) -> bool:
    """Whether the bot answers `/ready` with yes."""
    url = f"http://127.0.0.1:{state.bot_health_port}/ready"
    try:
        async with http.get(url, timeout=_TIMEOUT) as response:
            return response.status == _OK
    except (aiohttp.ClientError, TimeoutError):
        return False
