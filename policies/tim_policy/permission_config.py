"""The permission configuration (Berechtigungskonfiguration): whom a user lets invite her.

Global account data of the invitee, written by her client: `de.gematik.tim.account.permissionconfig.pro.v1`
(A_26389, A_26390), its ePA twin, and the older `…permissionconfig.v1` (A_25044, A_25258). It is foreign data:
unknown fields are ignored, and what cannot be understood denies; it is never rewritten on read.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tim_policy.errors import InvalidName, TimError
from tim_policy.names import ServerName, UserId, parse_server_name, parse_user_id

INSURED_GROUP = "isInsuredPerson"


class Product(enum.StrEnum):
    """Which kind of TI-M homeserver: for professionals, or an insurer's for insured persons."""

    PRO = "pro"
    EPA = "epa"


ACCOUNT_DATA_TYPES: Mapping[Product, tuple[str, ...]] = {
    Product.PRO: ("de.gematik.tim.account.permissionconfig.pro.v1", "de.gematik.tim.account.permissionconfig.v1"),
    Product.EPA: ("de.gematik.tim.account.permissionconfig.epa.v1", "de.gematik.tim.account.permissionconfig.v1"),
}
"""Account data types by product, the one that counts first."""


class DefaultSetting(enum.StrEnum):
    """What happens to everybody who is not an exception; the blank belongs to the wire form."""

    ALLOW_ALL = "allow all"
    BLOCK_ALL = "block all"


class Unconfigured(enum.StrEnum):
    """What counts for a user who stored no configuration, from the widest to the strictest."""

    ALLOW_ALL = "allow all"
    OWN_SERVER = "own server only"
    BLOCK_ALL = "block all"

    def config(self, own_server: ServerName) -> "PermissionConfig":
        """The configuration that means the same."""
        match self:
            case Unconfigured.ALLOW_ALL:
                return PermissionConfig(DefaultSetting.ALLOW_ALL)
            case Unconfigured.OWN_SERVER:
                return PermissionConfig(DefaultSetting.BLOCK_ALL, servers=frozenset({own_server}))
            case Unconfigured.BLOCK_ALL:
                return PermissionConfig(DefaultSetting.BLOCK_ALL)

    def content(self, own_server: ServerName) -> dict[str, Any]:
        """The same as content of account data."""
        config = self.config(own_server)
        content: dict[str, Any] = {"defaultSetting": config.default.value}
        if config.servers:
            content["serverExceptions"] = {server_name: {} for server_name in sorted(config.servers)}
        return content


class UnreadablePermissionConfig(TimError):
    """The stored configuration does not follow its schema; it denies until its owner's client mends it."""


@dataclass(frozen=True, slots=True)
class PermissionConfig:
    """A permission configuration that was understood completely.

    Args:
        default: for everybody who matches no exception.
        servers, users: exceptions; whoever matches any of them gets the opposite of `default`, once.
        is_insured_excepted: insured persons, that is users of insurers' servers, are an exception.
    """

    default: DefaultSetting
    servers: frozenset[ServerName] = frozenset()
    users: frozenset[UserId] = frozenset()
    is_insured_excepted: bool = False

    def allows(self, inviter: UserId, *, is_insured: bool) -> bool:
        """Whether `inviter` may invite the owner; several matching exceptions count once (A_25045-02)."""
        is_exception = (
            inviter in self.users or inviter.server_name in self.servers or (self.is_insured_excepted and is_insured)
        )
        return is_exception != (self.default is DefaultSetting.ALLOW_ALL)


class _Group(BaseModel):
    groupName: Literal["isInsuredPerson"]  # noqa: N815 - wire name


class _Wire(BaseModel):
    """The JSON form. Group exceptions occur as objects and as bare strings; both mean the same."""

    model_config = ConfigDict(hide_input_in_errors=True)
    defaultSetting: DefaultSetting  # noqa: N815 - wire name
    serverExceptions: dict[str, dict[str, Any]] = {}  # noqa: N815 - wire name
    userExceptions: dict[str, dict[str, Any]] = {}  # noqa: N815 - wire name
    groupExceptions: list[_Group | Literal["isInsuredPerson"]] = []  # noqa: N815 - wire name


def parse_permission_config(content: object) -> PermissionConfig:
    """Read the account data's content.

    Args:
        content: the JSON value as stored, of any type.

    Raises:
        UnreadablePermissionConfig: it does not follow the schema; the text repeats nothing of it.
    """
    try:
        wire = _Wire.model_validate(content)
        servers = frozenset(parse_server_name(name) for name in wire.serverExceptions)
        users = frozenset(parse_user_id(name) for name in wire.userExceptions)
    except (ValidationError, InvalidName):
        raise UnreadablePermissionConfig("permission configuration does not follow its schema (A_26390)") from None
    return PermissionConfig(wire.defaultSetting, servers, users, is_insured_excepted=bool(wire.groupExceptions))


@dataclass(frozen=True, slots=True)
class StoredConfig:
    """One configuration as it lies in the account data.

    Args:
        content: the JSON value, of any type.
        position: of the write in the account data's stream; the later of two is the higher.
    """

    content: object
    position: int


def config_in_force(
    stored: Mapping[str, StoredConfig], product: Product, own_server: ServerName
) -> PermissionConfig | UnreadablePermissionConfig | None:
    """Which of the stored configurations counts, read; None: there is none.

    The newer type counts, with one exception: where it holds nothing but what a homeserver writes for new users, and
    an older client stored its own type after that, the latter is what the user said.

    Args:
        stored: by account data type.
        product: of the homeserver.
        own_server: the homeserver.
    """
    newer, older = (stored.get(data_type) for data_type in ACCOUNT_DATA_TYPES[product])
    found = newer if newer is not None else older
    if newer is not None and older is not None and older.position > newer.position:
        written_for_new_users = [unconfigured.content(own_server) for unconfigured in Unconfigured]
        found = older if newer.content in written_for_new_users else newer
    if found is None:
        return None
    try:
        return parse_permission_config(found.content)
    except UnreadablePermissionConfig as unreadable:
        return unreadable
