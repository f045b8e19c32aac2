"""The `config:` block of the module in homeserver.yaml."""

from datetime import timedelta
from pathlib import Path

from pydantic import Field, model_validator

from tim_policy.permission_config import DefaultSetting, Product
from tim_policy.settings import Settings
from tim_policy.units import Duration


class ListSource(Settings):
    """Where the signed list comes from: exactly one of the two.

    Args:
        url: address of the list; asked with `?version=<known>`, which answers 204 when nothing changed.
        file: path of a file that something else keeps up to date; its time stamp is its age.
    """

    url: str | None = Field(default=None, pattern=r"^https?://")
    file: Path | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> "ListSource":
        if (self.url is None) == (self.file is None):
            raise ValueError("give either 'url' or 'file'")
        return self


class FederationListConfig(Settings):
    """How the list is fetched and whom to believe.

    Args:
        source: see `ListSource`.
        roots_file: pinned TI roots, gematik's roots.json or PEM.
        issuer_files: component CAs for lists that carry only the signer's certificate, DER or PEM.
        refresh_interval: time between two regular look-ups.
        retry_interval: time to the next attempt after a failed one.
    """

    source: ListSource
    roots_file: Path
    issuer_files: tuple[Path, ...] = ()
    refresh_interval: Duration = timedelta(hours=1)
    retry_interval: Duration = timedelta(minutes=5)


class ModuleConfig(Settings):
    """The whole block.

    Args:
        product: `pro` for professionals, `epa` for an insurer's homeserver for insured persons.
        federation_list: see `FederationListConfig`.
        permission_default: what counts for users who stored no permission configuration.
    """

    product: Product
    federation_list: FederationListConfig
    permission_default: DefaultSetting = DefaultSetting.ALLOW_ALL
