"""What a message may say."""

import re

from .mutations import Fault

__all__ = ["check_error", "check_message"]


def check_message(text):
    """Fault a message that is empty, endless or shows the inside of Python."""
    if not text.strip() or len(text) > 100_000:
        raise Fault(f"a message of {len(text)} characters")
    if re.search(r"Traceback|\(a bug|unexpected \w+Error|object at 0x|numpy\.|np\.float", text):
        raise Fault(f"message: {text[:500]}")


def check_error(error):
    """Fault the message of an error."""
    check_message(str(error))
