"""Bytes to values, without trusting the bytes: total on any input, header by header, bounded in all work.

``read_headers`` is the limited read on the hot path before 250: what routing sees. ``read_mail`` is the full read after
250, for what is assessed and never moves mail. Both keep what they could not read as a fact, and neither raises.
"""

from workflows.reading.codes import Unreadable
from workflows.reading.fields import MAX_BLOCK
from workflows.reading.headers import read_headers
from workflows.reading.whole import MAX_CONTENT, read_mail

__all__ = ["MAX_BLOCK", "MAX_CONTENT", "Unreadable", "read_headers", "read_mail"]
