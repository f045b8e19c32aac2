"""Every error the suite raises on purpose; one class per cause, so that no caller has to parse text.

A text says where, what was expected and what to do next. It carries no personal data, since it ends up
in logs and on terminals: callers put file names, field names and certificate names in, never user ids.
"""


class TimError(Exception):
    """Base of all errors that are shown to an operator as one line, without a traceback."""


class ConfigError(TimError):
    """A configuration value is missing, unknown or unusable; the text names the key and the remedy."""


class InvalidName(TimError, ValueError):
    """A Matrix identifier does not follow the grammar of the Matrix specification (appendices)."""
