"""Configurations the sandbox writes for the programs it starts."""

import asyncio
import ssl
from pathlib import Path

import pytest
import yaml

from tim_bots.config import load_config
from tim_bots.secret_files import read_secret
from tim_sandbox.bot import write_bot
from tim_sandbox.homeserver import HomeserverSpec, write_homeserver
from tim_sandbox.layout import Layout
from tim_sandbox.members import EVERYONE
from tim_sandbox.running import Sandbox
from tim_sandbox.state import new_state


def _spec(directory: Path, **changes: object) -> HomeserverSpec:
    facts: dict[str, object] = {
        "server_name": "praxis.tim.test",
        "directory": directory,
        "client_port": 1,
        "federation_port": 2,
        "proxy_port": 3,
        "tls_ca_file": directory / "ca.pem",
        "registration_shared_secret": "secret",
    }
    return HomeserverSpec(**{**facts, **changes})  # type: ignore[arg-type]  # a table of facts


def test_keys_of_a_homeserver_outlive_a_second_write(tmp_path: Path) -> None:
    write_homeserver(_spec(tmp_path))
    keys = ["signing.key", "macaroon_secret.txt", "form_secret.txt"]
    before = [(tmp_path / key).read_text() for key in keys]
    write_homeserver(_spec(tmp_path))
    assert [(tmp_path / key).read_text() for key in keys] == before
    assert all((tmp_path / key).stat().st_mode & 0o777 == 0o600 for key in keys)


def test_extra_settings_replace_our_own(tmp_path: Path) -> None:
    config = write_homeserver(_spec(tmp_path, extra={"modules": [], "presence": {"enabled": True}}))
    settings = yaml.safe_load(config.read_text())
    assert settings["presence"] == {"enabled": True}
    assert settings["modules"] == []
    assert settings["server_name"] == "praxis.tim.test"


def test_nothing_listens_beyond_loopback(tmp_path: Path) -> None:
    settings = yaml.safe_load(write_homeserver(_spec(tmp_path)).read_text())
    assert [listener["bind_addresses"] for listener in settings["listeners"]] == [["127.0.0.1"], ["127.0.0.1"]]


async def test_a_homeserver_proves_its_name_and_no_other(federation: Sandbox) -> None:
    context = ssl.create_default_context(cafile=str(federation.layout.tls_ca_file))
    port = federation.state.homeserver("praxis.tim.test").federation_port
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="praxis.tim.test")
    writer.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="pflege.tim.test")


def test_the_bot_accepts_the_configuration_written_for_it(tmp_path: Path) -> None:
    state = new_state(18400, EVERYONE, with_bot=True)
    homeserver = state.homeserver("praxis.tim.test")
    path = write_bot(Layout(tmp_path), state, homeserver)
    config = load_config(path)
    assert config.user_id == "@termin:praxis.tim.test"
    assert config.health_port == state.bot_health_port
    assert read_secret(config.password_file, "password_file") == state.user(config.user_id).password
    key = config.key_file.read_text()
    write_bot(Layout(tmp_path), state, homeserver)
    assert config.key_file.read_text() == key
