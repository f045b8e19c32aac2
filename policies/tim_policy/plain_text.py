"""Text from outside that is stored or shown: what every database and terminal takes."""

import re

_NOT_PLAIN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_plain_text(text: object, max_length: int) -> bool:
    """Whether it is a text of 1 to `max_length` characters, without control characters and lone surrogates."""
    return isinstance(text, str) and 0 < len(text) <= max_length and _NOT_PLAIN.search(text) is None
