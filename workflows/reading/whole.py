"""The whole mail, for what is assessed after 250."""

from collections.abc import Container, Iterator

from workflows.mail import Part, Reading
from workflows.reading.codes import Noted, Unreadable
from workflows.reading.content import decode_charset, decode_transfer, decoded_size
from workflows.reading.fields import RawFields, line_feeds, split_block, text_of
from workflows.reading.headers import headers_of
from workflows.reading.markup import html_to_text, notes_of
from workflows.reading.parts import Leaf, walk_mail
from workflows.reading.tnef import Winmail, read_tnef
from workflows.reading.words import decode_words

MAX_CONTENT = 16 * 1024 * 1024  # bytes of a mail that are looked at
MAX_TEXT = 1024 * 1024  # characters of text that are kept
MAX_BODY = 2 * 1024 * 1024  # bytes of text parts that are decoded, of a mail
MAX_SUBJECT = 4 * 1024  # bytes
MAX_FILENAME = 255  # characters

_WRAPPED = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted"})
_TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
_CALENDARS = frozenset({"text/calendar", "application/ics"})
_ANSWERS = frozenset({"reply", "cancel", "declinecounter", "refresh"})
_SOUNDS = (".m4a", ".amr", ".ogg", ".opus", ".mp3", ".wav", ".3gp", ".aac", ".wma", ".caf")
MAX_WINMAILS = 3  # of a mail; programs write one
_PGP = "-----BEGIN PGP MESSAGE-----"

Winmails = dict[int, Winmail]  # by the identity of their leaf


def read_mail(content: bytes) -> Reading:
    """The whole of ``content`` (the first ``MAX_CONTENT`` bytes), read without trusting it. Never raises.

    The work is bounded whatever the bytes say; it still takes too long for an event loop (docs/architecture.md).
    """
    fields, is_whole = split_block(content)
    headers = headers_of(fields, is_whole)
    looked_at = line_feeds(content[:MAX_CONTENT])
    walk = walk_mail(looked_at)
    notes = walk.unreadable
    subject = _subject(fields, notes)
    winmails = _winmails(walk.leaves, notes)
    noted: set[Noted] = set()
    text = _text(walk.leaves, winmails, notes, noted)
    parts = tuple([part for leaf in walk.leaves if not _is_running_text(leaf) for part in _parts(leaf, winmails, notes)])
    if "headers" in headers.unreadable:
        notes.add(Unreadable.HEADERS)
    if len(content) > MAX_CONTENT:
        notes.add(Unreadable.TOO_LARGE)
    if not text.strip():
        notes.add(Unreadable.NO_TEXT)
    if _PGP in text:
        notes.add(Unreadable.ENCRYPTED)
    noted.update(_noted_of(walk.leaves, parts, winmails, notes))
    codes = tuple([one.value for one in Noted if one in noted])
    return Reading(headers, subject, text, parts, _in_order(notes), codes, _from_name(fields))


def _noted_of(leaves: list[Leaf], parts: tuple[Part, ...], winmails: Winmails, notes: set[Unreadable]) -> Iterator[Noted]:
    attached = (one.name for found in winmails.values() for one in found.attached)
    if any(map(_asks_to_meet, leaves)) or any(_is_calendar("", name) for name in attached):
        yield Noted.INVITATION
    if any(part.content_type.startswith("audio/") or (part.filename or "").lower().endswith(_SOUNDS) for part in parts):
        yield Noted.VOICE_MESSAGE
    if Unreadable.ENCRYPTED in notes:
        yield Noted.ENCRYPTED
    elif notes - {Unreadable.NO_TEXT}:
        yield Noted.UNREADABLE


def _asks_to_meet(leaf: Leaf) -> bool:
    """Whether it is a calendar's, and no answer to an invitation of ours (RFC 5546 1.4)."""
    answers = leaf.parameters.get("method", "").strip().lower() in _ANSWERS
    return not answers and _is_calendar(leaf.content_type, _filename(leaf))


def _is_calendar(content_type: str, name: str | None) -> bool:
    return content_type in _CALENDARS or (name or "").lower().endswith(".ics")


def _in_order(notes: set[Unreadable]) -> tuple[str, ...]:
    return tuple([code.value for code in Unreadable if code in notes]) if notes else ()


def _subject(fields: RawFields, notes: set[Unreadable]) -> str:
    for name, value in fields:
        if name.lower() == b"subject":
            subject, held = decode_words(text_of(value, MAX_SUBJECT))
            if not held:
                notes.add(Unreadable.CHARSET)
            return " ".join(subject.split())
    return ""


def _from_name(fields: RawFields) -> str:
    """What stands before the address in brackets, or in a comment behind it; empty for several From fields."""
    values = [value for name, value in fields if name.lower() == b"from"]
    if len(values) != 1:
        return ""
    written = text_of(values[0], MAX_SUBJECT)
    before, bracket, _ = written.rpartition("<")
    comment = "" if bracket else written.partition("(")[2].rpartition(")")[0]
    return " ".join(decode_words(before or comment)[0].replace('\\"', '"').strip(" \"'\t").split())[:MAX_FILENAME]


def _is_running_text(leaf: Leaf) -> bool:
    return leaf.content_type in ("text/plain", "text/html") and leaf.disposition != "attachment"


def _filename(leaf: Leaf) -> str | None:
    return decode_words(leaf.filename)[0].strip()[:MAX_FILENAME] if leaf.filename else None


def _parts(leaf: Leaf, winmails: Winmails, notes: set[Unreadable]) -> Iterator[Part]:
    """What ``leaf`` is, and what is attached inside it."""
    if leaf.content_type in _WRAPPED:
        notes.add(Unreadable.ENCRYPTED)
    yield Part(leaf.content_type, _filename(leaf), decoded_size(leaf.body(), leaf.encoding))
    if id(leaf) in winmails:
        for one in winmails[id(leaf)].attached:
            yield Part(one.content_type, one.name[:MAX_FILENAME] if one.name else None, one.size)


def _winmails(leaves: list[Leaf], notes: set[Unreadable]) -> Winmails:
    found: Winmails = {}
    for leaf in leaves:
        if leaf.content_type in _TNEF or (leaf.filename and (_filename(leaf) or "").lower() == "winmail.dat"):
            is_read = len(found) < MAX_WINMAILS
            found[id(leaf)] = read_tnef(decode_transfer(leaf.body(), leaf.encoding).data if is_read else b"")
            if not found[id(leaf)].whole:
                notes.add(Unreadable.WINMAIL)
    return found


def _text(leaves: list[Leaf], winmails: Winmails, notes: set[Unreadable], noted: set[Noted]) -> str:
    """The running text of the mail itself; where it has none, that of the mails attached to it."""
    running = [leaf for leaf in leaves if _is_running_text(leaf) or id(leaf) in winmails]
    own = _joined([leaf for leaf in running if not leaf.attached], winmails, notes, noted)
    return own or _joined([leaf for leaf in running if leaf.attached], winmails, notes, noted)


def _joined(leaves: list[Leaf], winmails: Winmails, notes: set[Unreadable], noted: set[Noted]) -> str:
    """The texts in the order of the mail; of alternatives (RFC 2046 5.1.4) the plain ones, where they say anything."""
    reader = _Reader(notes, noted)
    texts = {index: winmails[id(leaf)].text for index, leaf in enumerate(leaves) if id(leaf) in winmails}
    said: set[int] = set()
    for index, leaf in _of_type(leaves, "text/plain", texts):
        texts[index] = reader.plain(leaf)
        if leaf.alternative is not None and texts[index].strip():
            said.add(leaf.alternative)
    for index, leaf in _of_type(leaves, "text/html", texts):
        if leaf.alternative not in said:
            texts[index] = html_to_text(reader.html(leaf))
    found = "\n".join(text for _, text in sorted(texts.items()) if text.strip())
    if len(found) > MAX_TEXT:
        notes.add(Unreadable.TOO_LARGE)
    return found[:MAX_TEXT]


def _of_type(leaves: list[Leaf], content_type: str, told: Container[int]) -> list[tuple[int, Leaf]]:
    """Those leaves with their places, without the places already ``told``."""
    return [(index, leaf) for index, leaf in enumerate(leaves) if leaf.content_type == content_type and index not in told]


class _Reader:
    """Decodes bodies until ``MAX_BODY`` is used up."""

    def __init__(self, notes: set[Unreadable], noted: set[Noted]) -> None:
        self._notes = notes
        self._noted = noted
        self._left = MAX_BODY

    def html(self, leaf: Leaf) -> str:
        """The same of HTML, noting what it hides and fetches."""
        source = self.plain(leaf)
        self._noted.update(notes_of(source))
        return source

    def plain(self, leaf: Leaf) -> str:
        """The body of ``leaf`` as text, as much of it as may still be read."""
        body = leaf.body(self._left)
        self._left -= len(body)
        decoded = decode_transfer(body, leaf.encoding)
        text, held = decode_charset(decoded.data, leaf.parameters.get("charset", ""))
        if len(body) < leaf.end - leaf.start:
            self._notes.add(Unreadable.TOO_LARGE)
        elif not decoded.clean:
            self._notes.add(Unreadable.TRANSFER_ENCODING)
        if not held:
            self._notes.add(Unreadable.CHARSET)
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
