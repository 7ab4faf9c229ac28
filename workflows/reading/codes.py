"""What can be unreadable in a mail as a whole, and what a reader should know of it: closed lists."""

from enum import StrEnum


class Unreadable(StrEnum):
    """One thing that could not be read. It is a fact for people, and never changes where the mail goes."""

    HEADERS = "headers"  # lines that are no fields, or a header section beyond the caps
    ENCRYPTED = "encrypted"  # OpenPGP or S/MIME, also signed in the form that wraps the text
    WINMAIL = "winmail"  # Microsoft's TNEF, broken or beyond the caps; what could be read was read
    CHARSET = "charset"  # of text or subject: unknown, or not the one declared; it was guessed
    TRANSFER_ENCODING = "transfer_encoding"  # of text: unknown or broken; what could be decoded was read
    STRUCTURE = "structure"  # a multipart without its boundary; it was read as one text
    TOO_MANY_PARTS = "too_many_parts"
    TOO_DEEP = "too_deep"
    TOO_LARGE = "too_large"  # something was left unread because of its size, or because reading took too much work
    NO_TEXT = "no_text"


class Noted(StrEnum):
    """Something beside the words that whoever reads the mail should know. Like a signal it moves nothing."""

    HIDDEN_TEXT = "hidden_text"  # HTML with text that its reader would not be shown; it was read all the same
    REMOTE_PICTURES = "remote_pictures"  # HTML that fetches from elsewhere, and so tells the sender that it was opened
    INVITATION = "invitation"  # a calendar's: a request to meet
    VOICE_MESSAGE = "voice_message"  # sound that nobody has listened to: unheard, not harmless
    ENCRYPTED = "encrypted"  # nobody's words have been read: neither a danger nor none
    UNREADABLE = "unreadable"  # something else that could not be read
