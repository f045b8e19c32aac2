"""Matrix addresses as they occur in the directory and in chats: every notation becomes one form, or is refused.

The directory holds Matrix URIs, `matrix:u/localpart:domain` (rulebook 9.1; Matrix specification, appendix "Matrix URI
scheme", MSC2312). People write `@localpart:domain`, paste https://matrix.to links, or percent-encode either. The server
name is compared in lower case; the localpart to the letter, because `@Anna` and `@anna` are two accounts.
"""

from urllib.parse import quote, unquote_to_bytes

from tim_policy.errors import InvalidName
from tim_policy.names import UserId, parse_user_id

_MAX_TEXT = 2048
_URI_PATHS = ("matrix:u/", "matrix:user/")
_MATRIX_TO = "https://matrix.to/#/"
# What may stand in a path segment (RFC 3986 section 3.3) and is not the separator of Matrix URIs.
_UNCHANGED = "!$&'()*+,;=:@-._~"


def read_address(text: object) -> UserId:
    """Read a Matrix address in any notation.

    Understood: `@l:s`, `%40l%3As`, `matrix:u/l:s` and `matrix:user/l:s` (schemes in any case, with `?action=` and
    `?via=`), `https://matrix.to/#/@l:s`. Percent signs are decoded once in links, never in a plain `@l:s`, where
    they belong to a historical localpart.

    Raises:
        InvalidName: no address of a user, or one that can be read in two ways; the text does not repeat it.
    """
    if not isinstance(text, str) or len(text) > _MAX_TEXT:
        raise InvalidName("not a Matrix address (expected: @localpart:server or matrix:u/localpart:server)")
    plain = text.strip(" \t\r\n")
    if plain.startswith("@"):
        return parse_user_id(plain)
    lowered = plain[: len(_MATRIX_TO)].lower()
    if lowered == _MATRIX_TO:
        return _linked(plain[len(_MATRIX_TO) :])
    for prefix in _URI_PATHS:
        if lowered.startswith(prefix):
            return _of_uri(plain[len(prefix) :])
    if lowered.startswith("%40"):
        return parse_user_id(_decoded(plain))
    raise InvalidName("not a Matrix address (expected: @localpart:server or matrix:u/localpart:server)")


def matrix_uri(user_id: UserId) -> str:
    """The address as the directory holds it and `whereIs` takes it."""
    return f"matrix:u/{quote(str(user_id)[1:], safe=_UNCHANGED)}"


def matrix_to(user_id: UserId) -> str:
    """A link that opens a chat in whatever client the reader has."""
    return f"{_MATRIX_TO}{quote(str(user_id), safe=_UNCHANGED)}"


def _of_uri(rest: str) -> UserId:
    path = rest.partition("#")[0].partition("?")[0]
    if "/" in path or path.startswith(("@", "%40")):  # an address of something else, or with its sigil twice
        raise InvalidName("not a Matrix address of a user (expected: matrix:u/localpart:server)")
    return parse_user_id(f"@{_decoded(path)}")


def _linked(rest: str) -> UserId:
    path = rest.partition("?")[0]
    if "/" in path:
        raise InvalidName("not a link to a user (expected: https://matrix.to/#/@localpart:server)")
    return parse_user_id(_decoded(path))


def _decoded(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode("ascii")
    except (UnicodeDecodeError, UnicodeEncodeError):
        raise InvalidName("not a Matrix address (expected: ASCII only)") from None
