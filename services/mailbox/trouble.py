"""What can go wrong between the guard and an IMAP server, as one exception with a code. Never with a server's words in it."""

import imaplib
import re
import socket
import ssl

from imapclient.exceptions import ProtocolError

from workflows.mailbox_state import Trouble as Code

_CODE = re.compile(r"\[([A-Z][A-Z0-9-]*)")
_BY_RESPONSE_CODE: dict[str, Code] = {  # RFC 5530
    "UNAVAILABLE": "unavailable",
    "INUSE": "unavailable",
    "SERVERBUG": "unavailable",
    "LIMIT": "unavailable",
    "OVERQUOTA": "full",
    "NONEXISTENT": "folder_missing",
    "TRYCREATE": "folder_missing",
}
_BY_TYPE: tuple[tuple[type[Exception], Code], ...] = (  # the first that fits
    (ssl.SSLCertVerificationError, "certificate"),
    (TimeoutError, "timeout"),
    (socket.gaierror, "name_not_found"),
    (ssl.SSLEOFError, "closed"),
    (ssl.SSLZeroReturnError, "closed"),
    (ConnectionResetError, "closed"),
    (BrokenPipeError, "closed"),
    (ssl.SSLError, "tls"),
    (OSError, "unreachable"),
)
_NONSENSE = ("unexpected response", "unexpected tagged response", "not IMAP4 compliant", "no CAPABILITY", "unterminated line")


class Trouble(Exception):
    """A call that did not succeed. ``code`` is one of ``workflows.mailbox_state``'s; the connection is of no further use."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code: Code = code


def trouble_of(error: Exception) -> Trouble:
    """What an exception of the network, of TLS or of the protocol means.

    What a server's nonsense makes the library raise is anybody's guess, so everything else is ``garbled``.
    """
    if isinstance(error, Trouble):
        return error
    if isinstance(error, imaplib.IMAP4.error) and not isinstance(error, ProtocolError):
        return Trouble(_refusal(error))
    return Trouble(next((code for kind, code in _BY_TYPE if isinstance(error, kind)), "garbled"))


def _refusal(error: imaplib.IMAP4.error) -> Code:
    if isinstance(error.__context__, OSError):  # the library tells what the socket said in words of its own
        return trouble_of(error.__context__).code
    text = str(error)
    if any(words in text for words in _NONSENSE):
        return "garbled"
    if code := _BY_RESPONSE_CODE.get(response_code(error)):
        return code
    return "closed" if isinstance(error, imaplib.IMAP4.abort) else "refused"


def response_code(error: Exception) -> str:
    """The code in brackets of a server's refusal (RFC 5530), or nothing."""
    found = _CODE.search(str(error))
    return found[1] if found else ""
