"""The keys that seal the database stand in it, wrapped with the key of `key_file`, which never does.

So the key file can be replaced without losing anything: `rotate` wraps anew, and seals every column anew under a
new column key. The root key, from which the keyed hashes and the crypto store's key follow, stays.
"""

import os
from collections.abc import Iterator

from sqlalchemy import Column, Connection, LargeBinary, String, Table, delete, insert, inspect, select, update

from tim_bots.cipher import KEY_BYTES, Cipher
from tim_bots.database import metadata, sealed_columns
from tim_bots.schema import StateUnusable

_COLUMNS, _ROOT = "columns", "root"
_WRAPPED = "data_key.wrapped"

_data_key = Table(
    "data_key",
    metadata,
    Column("purpose", String(16), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False, comment="sealed with the key of key_file"),
)


def open_cipher(connection: Connection, key: bytes) -> Cipher:
    """The database's cipher; the keys are made the first time.

    Args:
        connection: in a transaction.
        key: of the key file.

    Raises:
        SealBroken: the database belongs to another key file.
    """
    wrapping = Cipher(key)
    wrapped = {row.purpose: row.wrapped for row in connection.execute(select(_data_key))}
    if not wrapped:
        return _make(connection, wrapping, root=os.urandom(KEY_BYTES))
    columns, root = (wrapping.open(wrapped[purpose], _WRAPPED, purpose) for purpose in (_COLUMNS, _ROOT))
    return Cipher(columns, root)


def rotate(connection: Connection, key: bytes, new_key: bytes) -> int:
    """Put the database under `new_key`, all or nothing.

    Returns:
        How many values were sealed anew.

    Raises:
        SealBroken: `key` is not the database's key, or a value was changed.
        StateUnusable: there is a table whose sealed columns this process does not know.
    """
    unknown = set(inspect(connection).get_table_names()) - metadata.tables.keys() - {"alembic_version"}
    if unknown:
        raise StateUnusable(f"the database has tables this command does not know: {', '.join(sorted(unknown))}")
    old = open_cipher(connection, key)
    sealed_root = connection.scalar(select(_data_key.c.wrapped).where(_data_key.c.purpose == _ROOT))
    root = Cipher(key).open(sealed_root or b"", _WRAPPED, _ROOT)
    connection.execute(delete(_data_key))
    new = _make(connection, Cipher(new_key), root)
    return sum(_seal_anew(connection, table, column, old, new) for table, column in _all_sealed())


def _make(connection: Connection, wrapping: Cipher, root: bytes) -> Cipher:
    columns = os.urandom(KEY_BYTES)
    for purpose, secret in ((_COLUMNS, columns), (_ROOT, root)):
        wrapped = wrapping.seal(secret, _WRAPPED, purpose)
        connection.execute(insert(_data_key).values(purpose=purpose, wrapped=wrapped))
    return Cipher(columns, root)


def _all_sealed() -> Iterator[tuple[Table, Column[bytes]]]:
    for table in metadata.sorted_tables:
        for column in sealed_columns(table):
            yield table, column


def _seal_anew(connection: Connection, table: Table, column: Column[bytes], old: Cipher, new: Cipher) -> int:
    context = f"{table.name}.{column.name}"
    keys = list(table.primary_key.columns)
    naming = [table.c[name] for name in column.info["row"]]
    rows = connection.execute(select(column.label("sealed"), *keys, *naming).where(column.is_not(None))).all()
    for row in rows:
        named = [str(row._mapping[part]) for part in naming]  # noqa: SLF001 - SQLAlchemy's public name for it
        plaintext = old.open(row.sealed, context, *named)
        this = [key == row._mapping[key] for key in keys]  # noqa: SLF001 - as above
        connection.execute(update(table).where(*this).values({column.name: new.seal(plaintext, context, *named)}))
    return len(rows)
