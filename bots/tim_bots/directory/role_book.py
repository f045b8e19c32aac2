"""What the directory said about people, for at most a day."""

from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, String, Table, delete, insert, select

from tim_bots.database import metadata
from tim_bots.dialogue.who import Who
from tim_bots.points_in_time import to_ms

LIFETIME = timedelta(hours=24)

_role = Table(
    "directory_role",
    metadata,
    Column("person_key", String(64), primary_key=True),
    Column("oids", String, nullable=False),
    Column("asked_at_ms", BigInteger, nullable=False),
)


class RoleBook:
    """professionOIDs by person, in the caller's transaction."""

    def roles_of(self, connection: Connection, who: Who, now: datetime) -> frozenset[str] | None:
        """The person's roles; None if the directory was not asked in the last day."""
        query = select(_role.c.oids).where(
            _role.c.person_key == who.person_key, _role.c.asked_at_ms > to_ms(now - LIFETIME)
        )
        oids = connection.scalar(query)
        return None if oids is None else frozenset(oids.split())

    def remember(self, connection: Connection, who: Who, oids: str, now: datetime) -> None:
        """Keep an answer of the directory, OIDs with spaces between them; forget old ones."""
        stale = (_role.c.person_key == who.person_key) | (_role.c.asked_at_ms <= to_ms(now - LIFETIME))
        connection.execute(delete(_role).where(stale))
        connection.execute(insert(_role).values(person_key=who.person_key, oids=oids, asked_at_ms=to_ms(now)))
