"""The directory of a sandbox: what it remembers between starts, and the lock that keeps two from sharing it."""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tim_sandbox.errors import DirectoryInUse, NoSandbox, PortTaken
from tim_sandbox.members import OTHER_PROVIDER, PROVIDER, Member
from tim_sandbox.processes import require_free_ports

DEFAULT_DIRECTORY = Path(".sandbox")
DEFAULT_BASE_PORT = 18400
_STATE_FILE = "state.json"
_LOCK_FILE = "lock"
_HOST = "127.0.0.1"
_CLIENT_OFFSET = 10
_FEDERATION_OFFSET = 30
_WORKER_OFFSET = 40
PORT_SPAN = 50
"""All ports of a sandbox lie in `base_port` to `base_port + PORT_SPAN - 1`."""


class UserState(BaseModel):
    """One account with its password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    user_id: str
    password: str
    display_name: str
    role: str
    is_admin: bool
    is_bot: bool


class HomeserverState(BaseModel):
    """One homeserver: both ports are on loopback; `federation_port` speaks TLS."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server_name: str
    organisation: str
    is_member: bool
    profile: str
    client_port: int
    federation_port: int
    registration_shared_secret: str
    users: tuple[UserState, ...]

    @property
    def client_url(self) -> str:
        """Base URL for Matrix clients, without TLS."""
        return f"http://{_HOST}:{self.client_port}"


class SandboxState(BaseModel):
    """Everything a client of the sandbox has to know; stored as `state.json`, readable by its owner only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_port: int
    with_bot: bool
    homeservers: tuple[HomeserverState, ...]
    on_workers: str | None = None
    """server_name of the homeserver that runs as several processes; None: each is one process."""
    provider_tokens: dict[str, str]
    """Bearer token by TI-M provider, for the VZD's provider operations."""

    @property
    def vzd_port(self) -> int:
        """Port of the stand-in VZD."""
        return self.base_port

    @property
    def proxy_port(self) -> int:
        """Port of the CONNECT proxy between the homeservers."""
        return self.base_port + 1

    @property
    def bot_health_port(self) -> int:
        """Port on which the bot answers `/ready`."""
        return self.base_port + 2

    @property
    def first_worker_port(self) -> int:
        """First of the ports behind the router of `on_workers`."""
        return self.base_port + _WORKER_OFFSET

    @property
    def vzd_url(self) -> str:
        """Base URL of the stand-in VZD."""
        return f"http://{_HOST}:{self.vzd_port}"

    def homeserver(self, server_name: str) -> HomeserverState:
        """The homeserver of that name.

        Raises:
            NoSandbox: this sandbox has none.
        """
        for homeserver in self.homeservers:
            if homeserver.server_name == server_name:
                return homeserver
        names = ", ".join(homeserver.server_name for homeserver in self.homeservers)
        raise NoSandbox(f"this sandbox has no homeserver {server_name} (it has: {names})")

    def user(self, user_id: str) -> UserState:
        """The account of that id.

        Raises:
            NoSandbox: this sandbox has none.
        """
        for user in self.homeserver(user_id.partition(":")[2]).users:
            if user.user_id == user_id:
                return user
        raise NoSandbox(f"state.json: {user_id} is no account of this sandbox; start with --fresh")


def new_state(
    base_port: int, members: Sequence[Member], *, with_bot: bool, on_workers: str | None = None
) -> SandboxState:
    """A state with fresh passwords and tokens."""
    return SandboxState(
        base_port=base_port,
        with_bot=with_bot,
        on_workers=on_workers,
        homeservers=tuple(_homeserver(base_port, index, member) for index, member in enumerate(members)),
        provider_tokens={provider: secrets.token_urlsafe(24) for provider in (PROVIDER, OTHER_PROVIDER)},
    )


def continue_state(old: SandboxState, new: SandboxState) -> SandboxState:
    """`new` with the passwords and tokens of `old`, for a sandbox that is started again."""
    known = {homeserver.server_name: homeserver for homeserver in old.homeservers}
    kept = []
    for homeserver in new.homeservers:
        before = known.get(homeserver.server_name, homeserver)
        passwords = {user.user_id: user.password for user in before.users}
        users = tuple(
            user.model_copy(update={"password": passwords.get(user.user_id, user.password)})
            for user in homeserver.users
        )
        secret = before.registration_shared_secret
        kept.append(homeserver.model_copy(update={"users": users, "registration_shared_secret": secret}))
    return new.model_copy(
        update={"homeservers": tuple(kept), "provider_tokens": new.provider_tokens | old.provider_tokens}
    )


def read_state(directory: Path) -> SandboxState:
    """Read `state.json`.

    Raises:
        NoSandbox: there is none, or it cannot be read.
    """
    path = directory / _STATE_FILE
    try:
        return SandboxState.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise NoSandbox(f"{directory}: no sandbox here; start one with: tim sandbox up") from None
    except (OSError, ValidationError) as error:
        raise NoSandbox(
            f"{path}: not readable ({type(error).__name__}); start again with: tim sandbox up --fresh"
        ) from None


def free_base_port(preferred: Iterable[int]) -> int:
    """The first of `preferred` at which all ports of a sandbox are free right now.

    Raises:
        PortTaken: none is.
    """
    for base_port in preferred:
        ports = {str(port): port for port in range(base_port, base_port + PORT_SPAN)}
        with contextlib.suppress(PortTaken):
            require_free_ports(ports)
            return base_port
    raise PortTaken("no range of free ports for a sandbox; stop what listens there or choose a --base-port")


def has_state(directory: Path) -> bool:
    """Whether a sandbox was started in `directory` before."""
    return (directory / _STATE_FILE).exists()


def write_state(directory: Path, state: SandboxState) -> None:
    """Write `state.json` in one step, mode 0600."""
    write_secret(directory / _STATE_FILE, state.model_dump_json(indent=1))


def write_secret(path: Path, text: str) -> None:
    """Replace `path` in one step; only its owner may read it."""
    draft = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


@contextmanager
def owned_directory(directory: Path, *, fresh: bool) -> Iterator[None]:
    """Hold the directory exclusively; `fresh` empties it first.

    Raises:
        DirectoryInUse: another sandbox holds it, or it has content that no sandbox put there.
    """
    if directory.exists() and not (directory / _LOCK_FILE).exists() and any(directory.iterdir()):
        raise DirectoryInUse(f"{directory}: not empty and not a sandbox; choose another --dir")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    with (directory / _LOCK_FILE).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DirectoryInUse(f"{directory}: a sandbox is running here; stop it or choose another --dir") from None
        if fresh:
            _empty(directory)
        yield


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        if path.name == _LOCK_FILE:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _homeserver(base_port: int, index: int, member: Member) -> HomeserverState:
    return HomeserverState(
        server_name=member.server_name,
        organisation=member.organisation,
        is_member=member.telematik_id is not None,
        profile=member.profile,
        client_port=base_port + _CLIENT_OFFSET + index,
        federation_port=base_port + _FEDERATION_OFFSET + index,
        registration_shared_secret=secrets.token_urlsafe(24),
        users=tuple(
            UserState(
                user_id=f"@{account.localpart}:{member.server_name}",
                password=secrets.token_urlsafe(9),
                display_name=account.display_name,
                role=account.role,
                is_admin=account.is_admin,
                is_bot=account.is_bot,
            )
            for account in member.accounts
        ),
    )
