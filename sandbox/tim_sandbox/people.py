"""People of a scenario: fresh accounts with real end-to-end encrypted devices, gone again afterwards.

They are not the accounts of the login table: those stay untouched for whoever wants to log in with Element.
"""

import logging
import secrets
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from tim_bots.scripted_user import Said, ScriptedUser
from tim_sandbox.homeserver_client import Answer, HomeserverClient, MatrixUser
from tim_sandbox.state import SandboxState
from tim_sandbox.transcript import Transcript


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part.

    Args:
        name: as it stands in the transcript.
        device: the encrypted client.
        account: the same account for plain requests.
    """

    name: str
    device: ScriptedUser
    account: MatrixUser

    @property
    def user_id(self) -> str:
        """Full Matrix user id."""
        return self.account.user_id


class Stage:
    """Where a scenario plays.

    Args:
        state: the running sandbox.
        http: for requests.
        transcript: what is shown.
        directory: for the devices' keys; emptied afterwards.
        exits: what happens to everybody at the end.
    """

    def __init__(
        self,
        state: SandboxState,
        http: aiohttp.ClientSession,
        transcript: Transcript,
        directory: Path,
        exits: AsyncExitStack,
    ) -> None:
        self.state = state
        self.http = http
        self.transcript = transcript
        self._directory = directory
        self._exits = exits

    async def enter(self, server_name: str, localpart: str, name: str) -> Person:
        """Create an account on a homeserver and log in with a cross-signed device.

        Raises:
            RequestRefused, RequestFailed: the homeserver does not let them.
        """
        homeserver = HomeserverClient(self.http, self.state.homeserver(server_name))
        unique, password = f"{localpart}.{secrets.token_hex(3)}", secrets.token_urlsafe(12)
        account = await homeserver.new_user(unique, password, display_name=name)
        self._exits.push_async_callback(_deactivate, account, unique, password)
        device = await self._exits.enter_async_context(
            ScriptedUser.online(homeserver.client_url, account.user_id, password, self._directory / unique)
        )
        return Person(name, device, account)

    async def write(self, person: Person, room_id: str, text: str) -> str:
        """Send an encrypted message and show it; returns the event id."""
        self.transcript.message(person.name, text)
        return await person.device.send(room_id, text)

    async def answer(self, person: Person, room_id: str, after: int, part: str = "") -> Said:
        """The bot's first text that contains `part`, beyond the first `after` messages; shown.

        Raises:
            NotSaid: it did not come.
        """
        said = await person.device.wait_for(room_id, lambda said: not said.is_file and part in said.text, after=after)
        self.transcript.message("Chatbot", said.text)
        return said


@asynccontextmanager
async def stage(state: SandboxState, transcript: Transcript) -> AsyncIterator[Stage]:
    """A stage on a running sandbox; everybody who entered leaves at the end."""
    # The encryption library tells of other people's missing sessions, which is its daily business.
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="tim-scenario-") as directory:
        async with aiohttp.ClientSession() as http, AsyncExitStack() as exits:
            yield Stage(state, http, transcript, Path(directory), exits)


async def _deactivate(account: MatrixUser, localpart: str, password: str) -> None:
    """The account leaves its rooms and cannot be used again; a failure to do so spoils no story."""
    identifier = {"type": "m.id.user", "user": localpart}
    auth = {"type": "m.login.password", "identifier": identifier, "password": password}
    await account.request("POST", "/_matrix/client/v3/account/deactivate", {"auth": auth, "erase": True})


def shown(answer: Answer) -> str:
    """Status and text of a refused request, as a client shows them."""
    text = answer.body.get("error", "") if isinstance(answer.body, dict) else ""
    return f"{answer.status} „{text}“"
