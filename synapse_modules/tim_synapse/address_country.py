"""Which country an IP address is in, by a database file in MMDB format.

The file is read into memory as a whole, so that a look-up never waits for a disk: it takes microseconds and may run
on the reactor thread. Several publishers name the field differently; `_country_of` knows the usual shapes.
"""

import ipaddress
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import maxminddb

from tim_policy.countries import read_country
from tim_policy.errors import ConfigError

logger = logging.getLogger(__name__)

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Addresses that say nothing about a country, whatever a database claims: they mean another machine at every site.
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "224.0.0.0/3",
        "::/127",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    )
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class AddressDatabase:
    """An MMDB file, read again when it changes.

    Args:
        path: the file.

    Raises:
        ConfigError: it cannot be read or is no MMDB file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = _stamp(path)
        self._reader = _read(path)
        self._outage: str | None = None

    def reload(self) -> None:
        """Read the file again if it changed; a bad one is named once in the log, and the old content stays.

        Blocks: for a thread other than the reactor's.
        """
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                self._reader = _read(self._path)
                self._stamp = stamp
        except ConfigError as error:
            if str(error) != self._outage:
                logger.error("component=residency error=%s; the last database stays in use", error)
            self._outage = str(error)
        else:
            self._outage = None

    def country(self, address: str) -> str | None:
        """The country of an address; None when it is not public or the database does not know it.

        Returns:
            A code in upper case, or `UNREADABLE` when the database says something that is no code.
        """
        public = public_address(address)
        return None if public is None else _country_of(self._reader.get(public))

    def countries(self, addresses: Iterable[str]) -> frozenset[str]:
        """All countries the database knows for the addresses; empty when it knows none."""
        return frozenset(country for address in addresses if (country := self.country(address)) is not None)


def public_address(text: str) -> _Address | None:
    """The address as the database knows it, IPv4 inside IPv6 unpacked; None when it is private or no address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        address = _unpacked(address)
    if any(address in network for network in _NOT_PUBLIC):  # False for networks of the other kind
        return None
    return address


def _unpacked(address: ipaddress.IPv6Address) -> _Address:
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _country_of(record: Any) -> str | None:
    """GeoLite2, DB-IP: `country.iso_code`; IPinfo and plain tables: `country_code` or `country`."""
    if not isinstance(record, dict):
        return None
    country = record.get("country_code", record.get("country"))
    if isinstance(country, dict):
        country = country.get("iso_code")
    return None if country in (None, "", "-") else read_country(country)


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError as error:
        raise ConfigError(f"residency.mmdb_file: cannot read {path} ({error.strerror})") from None
    return status.st_mtime_ns, status.st_size


def _read(path: Path) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path, maxminddb.MODE_MEMORY)
    except OSError as error:
        raise ConfigError(f"residency.mmdb_file: cannot read {path} ({error.strerror})") from None
    except (maxminddb.InvalidDatabaseError, ValueError):
        raise ConfigError(f"residency.mmdb_file: {path} is no database in MMDB format") from None
