"""The limited header read before 250: only the fields that routing, receipts and explanations need."""

import re

from workflows.mail import Headers
from workflows.reading.address_list import AddressList, read_addresses
from workflows.reading.fields import RawFields, split_block, text_of, without_comments

MAX_ADDRESS_FIELD = 64 * 1024  # bytes
MAX_ADDRESS_FIELDS = 5  # of one name: all are counted, so many are read
MAX_RESULTS = 20  # Authentication-Results fields
MAX_RESULT = 16 * 1024
MAX_ID = 998
MAX_REFERENCES = 100
MAX_VALUE = 998
MAX_LIST_FIELDS = 20

_NEEDED = frozenset(
    b"from reply-to to cc sender return-path message-id in-reply-to references authentication-results received"
    b" auto-submitted precedence x-auto-response-suppress content-type".split()
)
_ID = re.compile(r"<[^<>]+>")
_TYPE = re.compile(r"([!#-'*+\-.0-9A-Z^_`a-z{|}~]++/[!#-'*+\-.0-9A-Z^_`a-z{|}~]++)\s*+(?:;|$)")

Fields = dict[bytes, list[bytes]]


def read_headers(block: bytes) -> Headers:
    """The header section at the start of ``block`` (a whole mail is fine too: reading stops at the blank line). Never raises."""
    return headers_of(*split_block(block))


def headers_of(raw: RawFields, is_whole: bool) -> Headers:
    """The same of fields that ``split_block`` gave."""
    fields, list_fields = _needed(raw)
    unreadable = [] if is_whole else ["headers"]
    written = _whole(fields, b"from", unreadable)
    reply_to = _whole(fields, b"reply-to", unreadable)
    sender = _whole(fields, b"sender", unreadable)
    return Headers(
        from_fields=len(fields.get(b"from", ())),
        from_addresses=written,
        reply_to=reply_to,
        reply_to_unreadable="reply-to" in unreadable or (not reply_to and any(map(bytes.strip, fields.get(b"reply-to", ())))),
        to=_readable(fields, b"to", unreadable) + _readable(fields, b"cc", unreadable),
        message_id=_id(fields, b"message-id"),
        in_reply_to=_id(fields, b"in-reply-to"),
        references=_references(fields),
        authentication_results=_results(fields, unreadable),
        auto_submitted=_auto_submitted(fields),
        precedence=_keywords(fields, b"precedence", 1),
        auto_response_suppress=_keywords(fields, b"x-auto-response-suppress", 10),
        return_path=_return_path(fields, unreadable),
        sender=sender[0] if sender else None,
        content_type=_content_type(fields, unreadable),
        list_fields=list_fields,
        received_count=len(fields.get(b"received", ())),
        unreadable=tuple(unreadable),
    )


def _needed(raw: RawFields) -> tuple[Fields, tuple[str, ...]]:
    """The raw values of each field that is needed, topmost first, and the names of the List-* fields."""
    fields: Fields = {}
    lists: list[str] = []
    for name, value in raw:
        key = name.lower()
        if key in _NEEDED:
            fields.setdefault(key, []).append(value)
        elif key.startswith(b"list-") and len(lists) < MAX_LIST_FIELDS:
            lists.append(key.decode("ascii"))
    return fields, tuple(dict.fromkeys(lists))


def _address_lists(fields: Fields, name: bytes, unreadable: list[str]) -> list[AddressList]:
    values = fields[name]
    lists = [_address_list(value) for value in values[:MAX_ADDRESS_FIELDS]]
    if len(values) > MAX_ADDRESS_FIELDS or any([one.doubtful for one in lists]):
        _note(unreadable, name)
    return lists


def _address_list(value: bytes) -> AddressList:
    if b"\0" in value:  # what follows is there for some readers and not for others
        return AddressList(doubtful=True)
    return read_addresses(text_of(value, MAX_ADDRESS_FIELD), cut=len(value) > MAX_ADDRESS_FIELD)


def _whole(fields: Fields, name: bytes, unreadable: list[str]) -> tuple[str, ...]:
    """The addresses of the fields ``name`` that are read whole; of a doubtful one none, since it may name somebody else."""
    if name not in fields:
        return ()
    return tuple([address for one in _address_lists(fields, name, unreadable) if not one.doubtful for address in one.addresses])


def _readable(fields: Fields, name: bytes, unreadable: list[str]) -> tuple[str, ...]:
    """Those addresses of the fields ``name`` that can be read."""
    if name not in fields:
        return ()
    return tuple([address for one in _address_lists(fields, name, unreadable) for address in one.addresses])


def _note(unreadable: list[str], name: bytes) -> None:
    text = name.decode("ascii")
    if text not in unreadable:
        unreadable.append(text)


def _id(fields: Fields, name: bytes) -> str | None:
    """The first ``<…>`` of the topmost field ``name``, else its value; None where it is empty or absent."""
    for value in fields.get(name, ()):
        text = text_of(value, 4 * MAX_ID)
        match = _ID.search(text)
        if found := (match[0] if match else text)[:MAX_ID]:
            return found
    return None


def _references(fields: Fields) -> tuple[str, ...]:
    """The last ids named: those nearest to this mail."""
    if b"references" not in fields:
        return ()
    texts = (text_of(value[-MAX_REFERENCES * MAX_ID :], MAX_REFERENCES * MAX_ID) for value in fields[b"references"])
    found = [one for text in texts for one in _ID.findall(text) if len(one) <= MAX_ID]
    return tuple(found[-MAX_REFERENCES:])


def _results(fields: Fields, unreadable: list[str]) -> tuple[str, ...]:
    """The Authentication-Results (RFC 8601), topmost first.

    An overlong one keeps its place and its first word but no results: half of it could hide a failure, and without it
    the next, which anybody may have written, would be the topmost.
    """
    found: list[str] = []
    for value in fields.get(b"authentication-results", ())[:MAX_RESULTS]:
        text = text_of(value, MAX_RESULT)
        if len(value) > MAX_RESULT:
            _note(unreadable, b"authentication-results")
            text = (text.replace(";", " ").split() or [""])[0]
        found.append(text)
    return tuple(found)


def _bare(value: bytes) -> str:
    """A value in lower case without comments."""
    text = text_of(value, MAX_VALUE)
    plain = without_comments(text)
    return (text.partition("(")[0] if plain is None else plain).strip().lower()


def _keywords(fields: Fields, name: bytes, count: int) -> str | None:
    """The values of at most ``count`` fields ``name``; empty where all are, None where there is none."""
    values = fields.get(name)
    return None if values is None else ", ".join(filter(None, map(_bare, values[:count])))


def _auto_submitted(fields: Fields) -> str | None:
    """The keyword without parameters (RFC 3834 5); of several fields the first that is not ``no``."""
    if b"auto-submitted" not in fields:
        return None
    values = [_bare(value).partition(";")[0].strip() for value in fields[b"auto-submitted"][:10]]
    return next((one for one in values if one != "no"), values[0])


def _return_path(fields: Fields, unreadable: list[str]) -> str | None:
    """The topmost Return-Path: empty for the null sender, None where absent or unreadable."""
    if b"return-path" not in fields:
        return None
    topmost = fields[b"return-path"][:1]
    if text_of(topmost[0], MAX_ADDRESS_FIELD).replace(" ", "") == "<>":
        return ""
    found = _whole({b"return-path": topmost}, b"return-path", unreadable)
    return found[0] if found else None


def _content_type(fields: Fields, unreadable: list[str]) -> str | None:
    if b"content-type" not in fields:
        return None
    match = _TYPE.match(_bare(fields[b"content-type"][0]))
    if match is None:
        _note(unreadable, b"content-type")
    return match[1] if match else None
