"""Keep telephone numbers out of every log line (promise 8)."""

from __future__ import annotations

import logging
import re

# Nine digits or more in a row, alone or after a plus: a phone, or something that looks like one.
# A wamid holds the phone in base64, so it is masked whole.
# The last two are a phone as people write it, in groups: 333 111 2222, 0571 757940.
_NUMBER = re.compile(r"\+?\d{9,}|wamid\.[\w+/=-]+|\b3\d\d[ .-]?\d{3}[ .-]?\d{3,4}\b|\b0\d{2,3}[ .-]\d{5,8}\b")


def masked(text: str) -> str:
    """Return `text` with everything that looks like a telephone number or a wamid masked."""
    return _NUMBER.sub("[…]", text)


class NoNumbers(logging.Filter):
    """Mask numbers in the finished message; the record's own arguments are dropped."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = masked(record.getMessage())
        record.args = None
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        # also what another handler has written there before us
        record.exc_text = masked(record.exc_text) if record.exc_text else None
        record.stack_info = masked(record.stack_info) if record.stack_info else None
        return True
