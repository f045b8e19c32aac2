"""The tables of the crypto store. Private keys in them are encrypted by vodozemac under the pickle key.

They hold what belongs to one device and must never be restored from a backup: an old state would use one-time
keys and ratchet positions twice (N11). What has to survive the device stands in the bot's database.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

crypto_metadata = MetaData()


def _device() -> Column[int]:
    return Column("device", ForeignKey("crypto_device.id", ondelete="CASCADE"), primary_key=True)


device = Table(
    "crypto_device",
    crypto_metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("device_id", String, nullable=False),
    Column("pickle", LargeBinary, nullable=False),
    Column("is_published", Boolean, nullable=False),
    UniqueConstraint("user_id", "device_id"),
)
olm_session = Table(
    "crypto_olm_session",
    crypto_metadata,
    _device(),
    Column("sender_key", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("pickle", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False, comment="POSIX seconds"),
    Column("used_at", Float, nullable=False, comment="POSIX seconds"),
)
megolm_session = Table(
    "crypto_megolm_session",
    crypto_metadata,
    _device(),
    Column("room_id", String, primary_key=True),
    Column("sender_key", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("ed25519", String, nullable=False, comment="of the device that made it, as it claims"),
    Column("pickle", LargeBinary, nullable=False),
    Column("used_at_ms", BigInteger, nullable=False, comment="exact to the day"),
    Column("is_backed_up", Boolean, nullable=False),
    Index("crypto_megolm_session_by_use", "device", "used_at_ms"),
)
message_index = Table(
    "crypto_message_index",
    crypto_metadata,
    _device(),
    Column("room_id", String, primary_key=True),
    Column("sender_key", String, primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("event", LargeBinary, nullable=False, comment="digest of its id and time: another one is a replay"),
)
peer_device = Table(
    "crypto_peer_device",
    crypto_metadata,
    _device(),
    Column("user_id", String, primary_key=True),
    Column("device_id", String, primary_key=True),
    Column("ed25519", String, nullable=False),
    Column("curve25519", String, nullable=False),
    Column("display_name", Text, nullable=False),
    Column("is_deleted", Boolean, nullable=False),
    Column("is_signed", Boolean, nullable=False, comment="by its user's cross-signing identity"),
)
peer = Table(
    "crypto_peer",
    crypto_metadata,
    _device(),
    Column("user_id", String, primary_key=True),
    Column("pinned_master_key", String, nullable=False, comment="the first one seen, or accepted by the operator"),
    Column("seen_master_key", String, comment="the newest one; NULL when it was taken away"),
)
encrypted_room = Table(
    "crypto_encrypted_room",
    crypto_metadata,
    _device(),
    Column("room_id", String, primary_key=True),
)
