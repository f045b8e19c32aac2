"""`bot.yaml`: one bot, as the operator writes it."""

from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

import yaml
from pydantic import AfterValidator, Field, model_validator
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from tim_bots.api.config import ApiConfig
from tim_bots.appointment.config import Bookers, CalendarConfig
from tim_bots.base_url import is_same_server
from tim_bots.counter.config import CounterConfig
from tim_bots.directory.config import DirectoryConfig
from tim_bots.guard.trust import Strictness
from tim_bots.persons.config import PersonsConfig
from tim_bots.prescription.config import PrescriptionConfig
from tim_bots.pvs.config import PvsConfig
from tim_bots.secret_files import resolve
from tim_bots.structured.config import ClientReportConfig
from tim_bots.triage.config import StaffConfig
from tim_policy.errors import ConfigError
from tim_policy.settings import Settings, load_settings

_CHATBOT = "(Chatbot)"
RoomId = Annotated[str, Field(pattern=r"^![^\s]+$", max_length=255)]


def _is_base_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("write the homeserver's base URL, for example https://matrix.praxis.example")
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError("use https; http is accepted for a homeserver on this machine only")
    return value.rstrip("/")


def _is_chatbot(value: str) -> str:
    if not value.endswith(_CHATBOT) or not value.removesuffix(_CHATBOT).strip():
        raise ValueError(f'must name the bot and end with "{_CHATBOT}", so that people know what they talk to')
    return value


def _is_postgres_url(value: str) -> str:
    try:
        url = make_url(value)
    except ArgumentError:
        url = None
    if url is None or url.drivername != "postgresql" or not url.host or not url.database or url.query:
        raise ValueError("write a URL such as postgresql://user@host/database")
    if url.password is not None:
        raise ValueError("the password belongs into database_password_file, not into the URL")
    return value


class BotConfig(Settings):
    """One bot.

    Relative paths are relative to the directory of the configuration file; a path that begins with
    `$CREDENTIALS_DIRECTORY/` names a credential of systemd.
    """

    homeserver: Annotated[str, AfterValidator(_is_base_url)]
    """Base URL of the homeserver's client API."""
    user_id: Annotated[str, Field(pattern=r"^@[a-z0-9._=/+-]+:[A-Za-z0-9.\-:\[\]]+$", max_length=255)]
    """The bot's Matrix user id."""
    password_file: Path
    """Needed for the first login, and if the homeserver asks for it when the identity is published."""
    key_file: Path
    """base64 of 32 random bytes which encrypt the state; made by `tim bot new-key`."""
    state_dir: Path
    """Directory of the SQLite database and the crypto store; readable by the bot's system user only."""
    database_url: Annotated[str, AfterValidator(_is_postgres_url)] | None = None
    """A PostgreSQL database, in which each bot has its own schema; None: SQLite in `state_dir`."""
    database_password_file: Path | None = None
    """Password of the database user; None: the server does not ask for one."""
    operator_room: RoomId | None = None
    """Id of an encrypted room where the bot says what it could not do; invite the bot into it. None: nowhere."""
    health_port: Annotated[int, Field(ge=1, le=65535)] | None = None
    """Port on 127.0.0.1 for `/live` and `/ready`; None: no health service."""
    trust: Strictness = Strictness.WARN
    """`refuse`: only devices that their user's cross-signing identity signed get keys and are listened to."""
    key_backup: bool = True
    """Keep the room keys, encrypted, on the homeserver: the operator can read the rooms with the recovery key."""
    display_name: Annotated[str, Field(max_length=100), AfterValidator(_is_chatbot)]
    """The name that people see; ends with "(Chatbot)"."""
    organisation: Annotated[str, Field(min_length=1, max_length=200)]
    """The practice, as it is called in messages."""
    calendar: CalendarConfig | None = None
    """What can be booked; None: nothing."""
    staff: StaffConfig | None = None
    """Who is brought into the room for which concern; None: nobody."""
    directory: DirectoryConfig | None = None
    """Says which role people have; None: nobody has one."""
    persons: PersonsConfig | None = None
    """What must be known about people before health data flows; None: nothing."""
    contact: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """How people reach the practice without the bot, as a sentence: "Telefon 030 1234, Mo-Fr 8-12 Uhr."."""
    staff_room: RoomId | None = None
    """Id of an encrypted room where the bot says that somebody wants to talk to a person. None: nowhere."""
    counter: CounterConfig | None = None
    """Makes `staff_room` the counter, where every request is a card that the staff decides; None: no counter."""
    prescription: PrescriptionConfig | None = None
    """Lets care services ask for prescriptions, which the counter decides; None: no requests."""
    api: ApiConfig | None = None
    """A REST API with which a program decides what is at the counter; None: no API."""
    pvs: PvsConfig | None = None
    """Folders through which requests and decisions go to and from the practice's own software; None: none."""
    polls: bool = True
    """Whether choices are offered as polls too."""
    client_report: ClientReportConfig | None = None
    """Reports how many structured messages were sent and received; None: no reports."""

    @model_validator(mode="after")
    def _has_something_to_do(self) -> Self:
        if self.calendar is None and self.staff is None:
            raise ValueError("calendar: is missing; write calendar, staff, or both")
        wanted = {} if self.staff is None else self.staff.concerns
        if self.calendar is None and any(concern.dialogue for concern in wanted.values()):
            raise ValueError("calendar: is missing; a concern of staff leads to appointments")
        return self

    @model_validator(mode="after")
    def _counter_has_a_room(self) -> Self:
        if self.counter is not None and self.staff_room is None:
            raise ValueError("staff_room: is missing; counter needs the room in which the staff works")
        if self.prescription is not None and (self.counter is None or self.directory is None):
            raise ValueError("prescription: needs counter, which decides, and directory, which knows care services")
        members = {} if self.counter is None else self.counter.members
        has_doctor = any(member.is_doctor for member in members.values())
        if self.prescription is not None and self.prescription.needs_doctor and not has_doctor:
            raise ValueError("prescription.needs_doctor: none of counter.members is_doctor")
        if self.api is not None and self.counter is None:
            raise ValueError("counter: is missing; api shows what is at the counter")
        if self.pvs is not None and (self.counter is None or self.pvs.member not in self.counter.members):
            raise ValueError("pvs.member: must be one of counter.members")
        return self

    @model_validator(mode="after")
    def _roles_can_be_known(self) -> Self:
        concerns = {} if self.staff is None else self.staff.concerns
        if self.directory is None and any(concern.roles for concern in concerns.values()):
            raise ValueError("directory: is missing; a concern of staff is for certain roles only")
        return self

    @model_validator(mode="after")
    def _bookers_can_be_told_apart(self) -> Self:
        kinds = {} if self.calendar is None else self.calendar.types
        bookers = {kind.bookable_by for kind in kinds.values()}
        if Bookers.COLLEAGUES in bookers and self.directory is None:
            raise ValueError("directory: is missing; a type of appointment is for colleagues only")
        if Bookers.KNOWN in bookers and self.persons is None:
            raise ValueError("persons: is missing; a type of appointment is for known patients only")
        return self

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        persons = self.persons
        if persons is not None and persons.appointment.consent and persons.consent is None:
            raise ValueError("persons.consent: is missing; persons.appointment asks for it")
        return self

    @model_validator(mode="after")
    def _token_stays_at_home(self) -> Self:
        report = self.client_report
        is_abroad = report is not None and report.url is not None and not is_same_server(report.url, self.homeserver)
        if is_abroad and report is not None and report.token_file is None:
            raise ValueError("client_report.token_file: needed, the bot's own token is for its homeserver only")
        return self


def load_config(path: Path) -> BotConfig:
    """Read and check `bot.yaml`.

    Raises:
        ConfigError: one line for each fault, with the path to the key.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"cannot read {path} ({type(error).__name__})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path}: not valid YAML{where}") from None
    config = load_settings(BotConfig, data, str(path))
    paths = {name: value for name, value in config if isinstance(value, Path)}
    resolved: dict[str, object] = {name: resolve(value, path.parent) for name, value in paths.items()}
    if (report := config.client_report) is not None and report.token_file is not None:
        token_file = resolve(report.token_file, path.parent)
        resolved["client_report"] = report.model_copy(update={"token_file": token_file})
    if config.api is not None:
        token_file = resolve(config.api.token_file, path.parent)
        resolved["api"] = config.api.model_copy(update={"token_file": token_file})
    if config.pvs is not None:
        folders = {"out_dir": path.parent / config.pvs.out_dir, "in_dir": path.parent / config.pvs.in_dir}
        resolved["pvs"] = config.pvs.model_copy(update=folders)
    return config.model_copy(update=resolved)
