"""The bot's public master key as people compare it: text in groups, and a QR code for the directory entry."""

import io


def grouped(master_key: str) -> str:
    """In groups of four, as Element shows it."""
    return " ".join(master_key[start : start + 4] for start in range(0, len(master_key), 4))


def directory_entry(user_id: str, master_key: str) -> str:
    """What the QR code holds: user id and master key, one line each."""
    return f"{user_id}\n{master_key}"


def terminal_qr(text: str) -> str:
    """A QR code that a terminal can show."""
    import segno  # noqa: PLC0415 - only when somebody looks

    drawing = io.StringIO()
    segno.make(text, error="m").terminal(drawing, compact=True)
    return drawing.getvalue()
