"""Log lines without personal data: `time level key=value` (logfmt), or one JSON object per line.

Libraries put user ids, room ids and whole events into theirs; of theirs only the fact that there was a
warning is logged.
"""

import enum
import json
import logging
import re
import sys
from datetime import UTC, datetime

OWN = "tim_bots"
_PAIR = re.compile(r"(?:^| )([a-z_]+)=")


class LogFormat(enum.StrEnum):
    """How lines look."""

    LOGFMT = "logfmt"
    JSON = "json"


class LibraryText(logging.Filter):
    """Replaces what a library says by the name of the library."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Rewrites the record; True: it is logged."""
        if record.name.partition(".")[0] != OWN:
            record.msg = "library warning component=%s error=%s"
            error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else "-"
            record.args = (record.name.partition(".")[0], error)
        record.exc_info = record.exc_text = record.stack_info = None
        return True


class JsonLines(logging.Formatter):
    """`what happened key=value key=value` as `{"time", "level", "event", key: value}`."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        event, *pairs = _PAIR.split(record.getMessage())
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = dict(zip(pairs[::2], pairs[1::2], strict=True))
        return json.dumps({"time": time, "level": record.levelname, "event": event} | fields, ensure_ascii=False)


def configure_logging(log_format: LogFormat = LogFormat.LOGFMT) -> None:
    """Log to stderr: own lines from INFO on, the libraries' existence of WARNINGs."""
    handler = logging.StreamHandler(sys.stderr)
    is_json = log_format is LogFormat.JSON
    handler.setFormatter(JsonLines() if is_json else logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(LibraryText())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OWN).setLevel(logging.INFO)
    # nio warns about each device it has no keys for: normal life, several times per message
    logging.getLogger("nio").setLevel(logging.CRITICAL)
