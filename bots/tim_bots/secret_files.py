"""Secrets from files: what only the bot's system user may read, or what systemd hands over as a credential."""

import os
from pathlib import Path

from tim_policy.errors import ConfigError

_OTHERS = 0o077
_WORLD = 0o007


def read_secret(path: Path, key: str) -> str:
    """The content of a secret file, without the newline at its end.

    A file in `$CREDENTIALS_DIRECTORY` (systemd.exec(5)) may show rights of a group: that is how systemd's access
    list for the service's user looks, and the directory is closed to everybody else.

    Args:
        path: the file.
        key: the configuration key that names it, for the error text.

    Raises:
        ConfigError: missing, empty, or open to other users.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{key}: cannot read {path} ({type(error).__name__})") from None
    if mode & (_WORLD if _is_credential(path) else _OTHERS):
        raise ConfigError(f"{key}: {path} is open to other users; run: chmod 600 {path}")
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise ConfigError(f"{key}: {path} is empty")
    return secret


def resolve(path: Path, base: Path) -> Path:
    """A path of the configuration: relative ones start at `base`, `$CREDENTIALS_DIRECTORY/...` where systemd says.

    Raises:
        ConfigError: it names the credentials directory, and there is none.
    """
    if path.parts[:1] != ("$CREDENTIALS_DIRECTORY",):
        return base / path
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if directory is None:
        raise ConfigError(f"{path}: there is no $CREDENTIALS_DIRECTORY; systemd sets it (LoadCredential=)")
    return Path(directory, *path.parts[1:])


def _is_credential(path: Path) -> bool:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    return directory is not None and path.parent == Path(directory)
