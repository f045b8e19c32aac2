"""Gives memory back that a long federation list took while it was read.

Reading 100,000 servers takes buffers of five times the document. Without this 50 to 75 MiB of them would stay with
each Synapse process for good, since glibc keeps what was freed. Other allocators do without; there nothing happens.
"""

import ctypes

_M_MMAP_THRESHOLD = -3  # malloc.h
_LARGE_BYTES = 1024 * 1024


def keep_large_blocks_apart() -> None:
    """Make the whole process take blocks from 1 MiB up from the operating system, one by one; call it once."""
    if (mallopt := _glibc("mallopt")) is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


def give_back() -> None:
    """Return freed memory to the operating system; takes some 5 ms, outside of the reactor thread."""
    if (malloc_trim := _glibc("malloc_trim")) is not None:
        malloc_trim(0)


def _glibc(function: str) -> "ctypes._NamedFuncPointer | None":
    found: ctypes._NamedFuncPointer | None = getattr(ctypes.CDLL(None), function, None)
    return found
