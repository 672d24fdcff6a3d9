"""Texts that others wrote, before they go into our messages and logs."""

from __future__ import annotations

import logging
import re

from asr_netmap.redaction import redacted

# C0 and C1 controls, and the marks that reorder text on a terminal.
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def one_line(text: str, limit: int = 1000) -> str:
    """`text` on one line, without controls, tokens or signatures, and not longer than `limit`."""
    plain = " ".join(_CONTROL.sub(" ", redacted(text)).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + "…"


class RedactingFilter(logging.Filter):
    """Takes tokens and URL signatures out of log records; put it on handlers, too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record's finished message in place; every record passes."""
        message = record.getMessage()
        clean = redacted(message)
        if clean != message:
            record.msg, record.args = clean, None
        return True
