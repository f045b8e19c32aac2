"""Conversations and room manners in the database, sealed."""

from sqlalchemy import Connection, Table, delete, insert, select

from tim_bots.cipher import Cipher
from tim_bots.dialogue.conversation import Conversation, RoomManners
from tim_bots.dialogue.tables import conversation as conversation_table
from tim_bots.dialogue.tables import room as room_table
from tim_bots.dialogue.who import Who


class Memory:
    """Loads and saves what the bot remembers, in the caller's transaction."""

    def __init__(self, cipher: Cipher) -> None:
        self._cipher = cipher

    def conversation(self, connection: Connection, who: Who) -> Conversation | None:
        """The open conversation with this person in this room; None if there is none."""
        state = self._load(connection, conversation_table, _in_room(who) | _as_person(who))
        return None if state is None else Conversation.model_validate_json(state)

    def remember(self, connection: Connection, who: Who, conversation: Conversation | None) -> None:
        """Replace what is remembered; nothing open leaves no row."""
        keys = _in_room(who) | _as_person(who)
        if conversation is None:
            connection.execute(delete(conversation_table).filter_by(**keys))
        else:
            self._save(connection, conversation_table, keys, conversation.model_dump_json())

    def manners(self, connection: Connection, who: Who) -> RoomManners:
        """How the bot behaves in this room."""
        state = self._load(connection, room_table, _in_room(who))
        return RoomManners() if state is None else RoomManners.model_validate_json(state)

    def remember_manners(self, connection: Connection, who: Who, manners: RoomManners) -> None:
        """Replace what is remembered about the room."""
        self._save(connection, room_table, _in_room(who), manners.model_dump_json())

    def _load(self, connection: Connection, table: Table, keys: dict[str, str]) -> bytes | None:
        sealed = connection.scalar(select(table.c.state).filter_by(**keys))
        return None if sealed is None else self._cipher.open(sealed, f"{table.name}.state", *keys.values())

    def _save(self, connection: Connection, table: Table, keys: dict[str, str], state: str) -> None:
        sealed = self._cipher.seal(state.encode(), f"{table.name}.state", *keys.values())
        connection.execute(delete(table).filter_by(**keys))
        connection.execute(insert(table).values(**keys, state=sealed))


def _in_room(who: Who) -> dict[str, str]:
    return {"room_key": who.room_key}


def _as_person(who: Who) -> dict[str, str]:
    return {"person_key": who.person_key}
