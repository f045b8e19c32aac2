"""GDT records: written as the format says, and read from anything without surprise."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tim_bots.pvs.gdt import MAX_BYTES, GdtBroken, Record, lines_of, read_record, write_record

RECORD = Record("6310", (("8315", "PRAXIS1"), ("9206", "3"), ("6220", "Größe: 5 µg"), ("6220", "zweite Zeile")))


def test_a_record_is_lines_with_their_lengths() -> None:
    data = write_record(RECORD)
    first, second, *_ = data.split(b"\r\n")
    assert first == b"01380006310"
    assert second == b"0148100" + f"{len(data):05}".encode()
    assert b"Gr\xf6\xdfe: 5 \xb5g" in data
    assert read_record(data) == RECORD
    assert RECORD.first("6220") == "Größe: 5 µg"
    assert RECORD.every("6220") == ["Größe: 5 µg", "zweite Zeile"]
    assert RECORD.first("3000") is None


def test_no_content_can_begin_a_line_of_its_own() -> None:
    data = write_record(Record("6310", (("6220", "a\r\n0138000evil\r\n"), ("6220", "€" * 2000))))
    assert [field for field, _ in read_record(data).fields] == ["6220", "6220"]


def test_text_is_broken_into_lines() -> None:
    assert lines_of("kurz\n" + "x" * 70) == ["kurz", "x" * 60, "x" * 10]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"01380006310\r\n",
        b"01380006310\n",
        b"0138100",
        b"abc80006310\r\n",
        write_record(RECORD)[:-3],
        write_record(RECORD) + b"0106220a\r\n",
        write_record(RECORD).replace(b"8100", b"8101"),
        b"00080006310\r\n",
        b"9998000" + b"x" * 20 + b"\r\n",
        b"x" * (MAX_BYTES + 1),
    ],
)
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(GdtBroken):
        read_record(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(GdtBroken):
        read_record(data)


@given(st.integers(0, 200), st.integers(0, 255))
def test_a_changed_byte_is_read_or_refused(at: int, value: int) -> None:
    data = bytearray(write_record(RECORD))
    data[at % len(data)] = value
    try:
        read_record(bytes(data))
    except GdtBroken as broken:
        assert str(broken)  # noqa: PT017 - either way is right


@given(
    st.lists(st.tuples(st.sampled_from(["6220", "6227", "3101"]), st.text("aäß €\x00\r\n", max_size=80)), max_size=5)
)
def test_whatever_is_written_can_be_read(fields: list[tuple[str, str]]) -> None:
    assert [field for field, _ in read_record(write_record(Record("6310", fields))).fields] == [f for f, _ in fields]
