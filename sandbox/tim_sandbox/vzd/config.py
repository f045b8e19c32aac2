"""What the stand-in VZD is told by the sandbox."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

CONFIG_FILE = "config.json"


class VzdConfig(BaseModel):
    """Content of `config.json` in the directory of the stand-in VZD (mode 0600).

    Args:
        provider_tokens: bearer token by TI-M provider (`timAnbieter`).
        homeserver_urls: where a domain's `/_matrix/federation/v1/openid/userinfo` is asked; the real VZD
            resolves the domain instead.
        pki_directory: holds the signers' keys (`tim_sandbox.pki.write_list_pki`).
        is_list_protected: the list is only for callers with a provider access token.
        has_region: besides the members the directory holds a synthetic region (`tim_sandbox.vzd.region`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    provider_tokens: dict[str, str]
    homeserver_urls: dict[str, str]
    pki_directory: Path
    is_list_protected: bool = False
    has_region: bool = False
