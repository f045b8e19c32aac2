"""The data map covers whatever a database has."""

from tim_policy.data_map import DeletedBy, data_map, unmapped


def test_an_unknown_table_and_an_unknown_column_are_named() -> None:
    tables = {table: (*entry.personal, *entry.other) for table, entry in data_map().items()}
    assert unmapped(tables) == ()
    tables["user_moods"] = ("user_id", "mood")
    tables["user_ips"] = (*tables["user_ips"], "coordinates")
    assert unmapped(tables) == ("user_ips.coordinates", "user_moods")


def test_no_column_is_both_personal_and_not() -> None:
    for table, entry in data_map().items():
        assert not set(entry.personal) & set(entry.other), table
        assert len({*entry.personal, *entry.other}) == len(entry.personal) + len(entry.other), table


def test_what_is_kept_has_a_reason() -> None:
    for table, entry in data_map().items():
        if entry.by is DeletedBy.KEPT:
            assert len(entry.how) > 10, table
