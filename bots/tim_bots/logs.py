"""Log lines of the form `time level key=value`, without personal data.

Libraries put user ids, room ids and whole events into theirs; of theirs only the fact that there was a
warning is logged.
"""

import logging
import sys

OWN = "tim_bots"


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


def configure_logging() -> None:
    """Log to stderr: own lines from INFO on, the libraries' existence of WARNINGs."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    handler.addFilter(LibraryText())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger(OWN).setLevel(logging.INFO)
    # nio warns about each device it has no keys for: normal life, several times per message
    logging.getLogger("nio").setLevel(logging.CRITICAL)
