"""Which country an address is in: shapes of records, private addresses, a database that changes under us."""

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.mmdb import country, write_mmdb
from tim_policy.countries import UNREADABLE
from tim_policy.errors import ConfigError
from tim_synapse.address_country import AddressDatabase, public_address

RECORDS: dict[str, Any] = {
    "192.0.2.0/25": country("DE"),
    "192.0.2.128/25": country("US"),
    "198.51.100.0/26": {"country_code": "FR"},
    "198.51.100.64/26": {"country": "AT"},
    "198.51.100.128/26": {"country": {"geoname_id": "1"}},
    "198.51.100.192/26": {"registered_country": {"iso_code": "DE"}},
    "203.0.113.0/28": country("ДЕ"),
    "203.0.113.16/28": country("EU"),
    "203.0.113.32/28": country("A1"),
    "203.0.113.48/28": country("xk"),
    "2001:db8::/33": country("NL"),
    "127.0.0.0/8": country("DE"),
    "10.0.0.0/8": country("DE"),
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> AddressDatabase:
    return AddressDatabase(write_mmdb(tmp_path_factory.mktemp("mmdb") / "country.mmdb", RECORDS))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("192.0.2.1", "DE"),
        ("192.0.2.129", "US"),
        ("198.51.100.1", "FR"),
        ("198.51.100.65", "AT"),
        ("2001:db8::1", "NL"),
        ("::ffff:192.0.2.129", "US"),
        ("64:ff9b::192.0.2.129", "US"),
        ("2002:c000:281::1", "US"),  # 6to4 of 192.0.2.129
        ("203.0.113.17", "EU"),
        ("203.0.113.49", "XK"),
        ("203.0.113.1", UNREADABLE),
        ("203.0.113.33", UNREADABLE),
    ],
)
def test_a_known_address_has_a_country(database: AddressDatabase, address: str, expected: str) -> None:
    assert database.country(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "192.0.3.1",
        "2001:db9::1",
        "198.51.100.129",
        "198.51.100.193",
        "127.0.0.1",
        "::1",
        "::",
        "0.0.0.0",  # noqa: S104 - to be looked up, not bound
        "10.1.2.3",
        "::ffff:10.1.2.3",
        "172.31.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.0.1",
        "fe80::1%eth0",
        "fd00::1",
        "224.0.0.1",
        "255.255.255.255",
        "praxis.test",
        "",
    ],
)
def test_what_is_unknown_or_not_public_is_no_evidence(database: AddressDatabase, address: str) -> None:
    assert database.country(address) is None


def test_two_addresses_in_two_countries_are_both_told(database: AddressDatabase) -> None:
    assert database.countries(["192.0.2.1", "192.0.2.129", "10.0.0.1"]) == {"DE", "US"}


def test_only_private_addresses_tell_nothing(database: AddressDatabase) -> None:
    assert database.countries(["10.0.0.1", "::1"]) == frozenset()


def test_a_public_address_is_kept_as_it_is() -> None:
    assert str(public_address("203.0.113.7")) == "203.0.113.7"


@pytest.mark.parametrize("content", [b"", b"not a database", b"\xab\xcd\xefMaxMind.com\xff"])
def test_what_is_no_database_is_refused_at_start(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "country.mmdb"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"residency\.mmdb_file: .* is no database in MMDB format"):
        AddressDatabase(path)


def test_a_missing_database_is_refused_at_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        AddressDatabase(tmp_path / "none.mmdb")


def test_a_new_file_counts_after_a_reload_and_a_bad_one_is_named_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = write_mmdb(tmp_path / "country.mmdb", {"192.0.2.0/24": country("DE")})
    database = AddressDatabase(path)
    write_mmdb(tmp_path / "new", {"192.0.2.0/24": country("FR"), "198.51.100.0/24": country("DE")}).replace(path)
    database.reload()
    assert database.country("192.0.2.1") == "FR"

    path.write_bytes(b"cut off")
    with caplog.at_level(logging.ERROR):
        database.reload()
        database.reload()
    assert database.country("192.0.2.1") == "FR"
    (line,) = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"component=residency error=residency.mmdb_file: {path} is no database in MMDB format")
    assert line.endswith("the last database stays in use")
