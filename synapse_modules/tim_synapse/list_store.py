"""Keeps the newest verified federation list of this process: fetch, verify off the reactor thread, replace.

Without a verified list, or when the newest one was not confirmed for `MAX_AGE`, there is none: the caller then
refuses every server but the own one.
"""

import io
import logging
from datetime import UTC, datetime, timedelta

from synapse.module_api import ModuleApi

from tim_policy.errors import ConfigError, TimError
from tim_policy.federation_list import MAX_AGE, FederationList, FederationListError
from tim_policy.federation_trust import (
    MAX_DOCUMENT_BYTES,
    ListTrust,
    VerifiedList,
    parse_issuer,
    parse_trust_anchors,
    verify_federation_list,
)
from tim_synapse.config import FederationListConfig
from tim_synapse.metrics import LIST_CONFIRMED, LIST_REFRESHES, LIST_VERSION

logger = logging.getLogger(__name__)

_NO_CONTENT = 204


class Unavailable(FederationListError):
    """The source of the list does not answer as agreed."""


def load_trust(config: FederationListConfig) -> ListTrust:
    """Read the pinned certificates.

    Raises:
        ConfigError: a file is missing or holds no certificate; names key and file.
    """
    try:
        key, path = "roots_file", config.roots_file
        anchors = parse_trust_anchors(path.read_bytes())
        issuers = []
        for path in config.issuer_files:
            key = "issuer_files"
            issuers.append(parse_issuer(path.read_bytes()))
    except OSError as error:
        raise ConfigError(f"tim_synapse: federation_list.{key}: cannot read {path} ({error.strerror})") from None
    except ConfigError as error:
        raise ConfigError(f"tim_synapse: federation_list.{key}: {path}: {error}") from None
    return ListTrust(anchors, tuple(issuers))


class ListStore:
    """The list of one Synapse process.

    Args:
        api: Synapse's module interface.
        config: where the list comes from and how often.
        trust: whom to believe.
    """

    def __init__(self, api: ModuleApi, config: FederationListConfig, trust: ListTrust) -> None:
        self._api = api
        self._config = config
        self._trust = trust
        self._verified: VerifiedList | None = None
        self._confirmed_at: datetime | None = None
        self._outage: str | None = None

    def start(self) -> None:
        """Fetch the list now and from then on in the configured intervals; never raises for an absent source."""
        self._schedule(timedelta(0))

    def current(self) -> FederationList | None:
        """The newest verified list; None when there is none or it was not confirmed for `MAX_AGE`."""
        if self._verified is None or self._confirmed_at is None or self._now() - self._confirmed_at > MAX_AGE:
            return None
        return self._verified.federation_list

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._api.get_current_time_msec() / 1000, UTC)

    def _schedule(self, delay: timedelta) -> None:
        self._api.delayed_background_call(
            delay / timedelta(milliseconds=1), self._refresh_and_reschedule, desc="tim_federation_list"
        )

    async def _refresh_and_reschedule(self) -> None:
        delay = self._config.retry_interval
        try:
            await self._refresh()
        except TimError as error:
            self._failed(str(error))
        except Exception as error:  # noqa: BLE001 - whatever a source makes the HTTP client raise, the loop goes on
            self._failed(f"the source does not answer ({type(error).__name__})")
        else:
            delay = self._config.refresh_interval
            self._succeeded()
        finally:
            self._schedule(delay)

    async def _refresh(self) -> None:
        newest = None if self._verified is None else self._verified.federation_list.version
        document, confirmed_at = await (self._fetch(newest) if self._config.source.url else self._read())
        if document is not None:
            self._verified = await self._api.defer_to_thread(
                verify_federation_list, document, self._trust, self._now(), newest_version=newest
            )
        self._confirmed_at = confirmed_at

    async def _fetch(self, known_version: int | None) -> tuple[bytes | None, datetime]:
        """The document, or None when the source says that the known version is current."""
        body = io.BytesIO()
        url = f"{self._config.source.url}" + (f"?version={known_version}" if known_version is not None else "")
        _, _, _, code = await self._api.http_client.get_file(url, body, max_size=MAX_DOCUMENT_BYTES)
        if code == _NO_CONTENT:
            if known_version is None:
                raise Unavailable("the source says that nothing changed, but we have no list yet")
            return None, self._now()
        return body.getvalue(), self._now()

    async def _read(self) -> tuple[bytes, datetime]:
        """The file; a time stamp in the future counts as now."""
        path = self._config.source.file
        if path is None:
            raise Unavailable("no source")
        with path.open("rb") as file:
            document = file.read(MAX_DOCUMENT_BYTES + 1)
        return document, min(self._now(), datetime.fromtimestamp(path.stat().st_mtime, UTC))

    def _failed(self, text: str) -> None:
        """One line when an outage begins and one when it closes the federation, not one per attempt."""
        LIST_REFRESHES.labels("failed").inc()
        outage = "every other server is refused" if self.current() is None else "the last list stays in use"
        if outage != self._outage:
            logger.error("component=federation_list error=%s; %s", text, outage)
        self._outage = outage

    def _succeeded(self) -> None:
        LIST_REFRESHES.labels("ok").inc()
        version = self._verified.federation_list.version if self._verified else 0
        LIST_VERSION.set(version)
        LIST_CONFIRMED.set(self._confirmed_at.timestamp() if self._confirmed_at else 0)
        if self._outage is not None:
            logger.warning("component=federation_list list_version=%d recovered", version)
        self._outage = None
