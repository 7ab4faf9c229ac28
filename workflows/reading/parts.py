"""The MIME tree of a mail (RFC 2045, RFC 2046), walked without recursion and with a bound on all work.

Not the standard library's parser: it recurses (a few hundred nested parts raise), and it tries every line against
every open boundary (400 KB of empty lines under 200 boundaries take six seconds).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from workflows.reading.codes import Unreadable
from workflows.reading.content import decode_transfer
from workflows.reading.fields import MAX_BLOCK, RawFields, split_block, text_of, without_comments
from workflows.reading.words import read_parameters

MAX_PARTS = 1_000  # containers and leaves together
MAX_DEPTH = 50
MAX_PART_HEADER = 8 * 1024
MAX_FIELD = 8 * 1024
MAX_BOUNDARY = 4 * 1024  # bytes; RFC 2046 allows 70, programs in use exceed it
MAX_WORK = 128 * 1024 * 1024  # bytes searched or decoded, all levels together
FIELD_COST = 32  # of a byte of header, in the same unit
STEP = 512  # what looking at one line that starts like a boundary costs, in the same unit

_FIELD_LINES = re.compile(rb"(?:[!-9;-~]++[ \t]*+:[^\n]*+(?:\n[ \t][^\n]*+)*+(?:\n|\Z))*+")
_TYPE = re.compile(r"[^\s/;]+/[^\s/;]+")
_MIME_FIELDS = (b"content-type", b"content-transfer-encoding", b"content-disposition")


@dataclass(frozen=True, slots=True)
class Entity:
    """A mail or one of its parts: the bytes of ``source`` from ``start`` to ``end``."""

    source: bytes
    start: int
    end: int
    depth: int = 0
    is_message: bool = True
    default_type: str = "text/plain"
    attached: int = 0  # how many attached mails it stands in
    alternative: int | None = None  # the multipart/alternative it stands in, by a number


@dataclass(frozen=True, slots=True)
class Leaf:
    """A part without parts. Its body, still encoded, goes from ``start`` to ``end`` of ``source``."""

    content_type: str
    parameters: dict[str, str]
    encoding: str
    disposition: str
    filename: str | None
    source: bytes
    start: int
    end: int
    attached: int = 0
    alternative: int | None = None

    def body(self, limit: int | None = None) -> bytes:
        """The body, or its first ``limit`` bytes."""
        return self.source[self.start : self.end if limit is None else min(self.end, self.start + limit)]


@dataclass(slots=True)
class Walk:
    """The leaves in the order of the mail, and what could not be read on the way."""

    leaves: list[Leaf] = field(default_factory=list)
    unreadable: set[Unreadable] = field(default_factory=set)
    seen: int = 0
    work: int = MAX_WORK

    def may_spend(self, amount: int) -> bool:
        """Takes ``amount`` of the work that is left; False when there is too little."""
        self.work -= amount
        if self.work < 0:
            self.unreadable.add(Unreadable.TOO_LARGE)
        return self.work >= 0


def walk_mail(content: bytes) -> Walk:
    """The parts of ``content``, whose line ends are single LFs. Never raises."""
    walk = Walk()
    waiting = [Entity(content, 0, len(content))]
    while waiting:
        if walk.seen >= MAX_PARTS:
            walk.unreadable.add(Unreadable.TOO_MANY_PARTS)
            break
        walk.seen += 1
        waiting.extend(reversed(_visit(walk, waiting.pop())))
    return walk


def _visit(walk: Walk, entity: Entity) -> list[Entity]:
    """Adds ``entity`` as a leaf, or gives the entities inside it."""
    fields_end, body = _message_head(entity) if entity.is_message else _part_head(entity)
    block = entity.source[entity.start : min(fields_end, entity.start + MAX_BLOCK)]
    if not walk.may_spend(FIELD_COST * len(block)):
        return []
    fields = _mime_fields(split_block(block)[0])
    leaf = _leaf(entity, fields, body)
    match leaf.content_type.partition("/"):
        case ("multipart", _, subtype):
            return _multipart(walk, entity, leaf, body, subtype)
        case ("message", _, "rfc822" | "global"):
            walk.leaves.append(leaf)
            return _attached_mail(walk, entity, leaf)
        case _:
            walk.leaves.append(leaf)
            return []


def _message_head(entity: Entity) -> tuple[int, int]:
    """Where the fields of a mail end and its body starts: at the first blank line, as in ``read_headers``."""
    if entity.source.startswith(b"\n", entity.start, entity.end):
        return entity.start, entity.start + 1
    blank = entity.source.find(b"\n\n", entity.start, entity.end)
    return (blank, blank + 2) if blank >= 0 else _part_head(entity)


def _part_head(entity: Entity) -> tuple[int, int]:
    """The same of a part: at the first line that is no field, so that a text whose blank line was forgotten is read."""
    match = _FIELD_LINES.match(entity.source, entity.start, min(entity.end, entity.start + MAX_PART_HEADER))
    end = match.end() if match else entity.start
    return end, end + entity.source.startswith(b"\n", end, entity.end)


def _mime_fields(raw: RawFields) -> dict[bytes, bytes]:
    """The topmost of each MIME field, unfolded and cut."""
    found: dict[bytes, bytes] = {}
    for name, value in raw:
        key = name.lower()
        if key in _MIME_FIELDS and key not in found:
            found[key] = value[:MAX_FIELD].replace(b"\n", b"")
    return found


def _leaf(entity: Entity, fields: dict[bytes, bytes], body: int) -> Leaf:
    content_type = fields.get(b"content-type", b"")
    disposition = fields.get(b"content-disposition", b"")
    parameters = read_parameters(content_type)
    kind = _keyword(content_type)
    return Leaf(
        content_type=kind if _TYPE.fullmatch(kind) else entity.default_type,
        parameters=parameters,
        encoding=_keyword(fields.get(b"content-transfer-encoding", b"")),
        disposition=_keyword(disposition),
        filename=read_parameters(disposition).get("filename") or parameters.get("name"),
        source=entity.source,
        start=min(body, entity.end),
        end=entity.end,
        attached=entity.attached,
        alternative=entity.alternative,
    )


def _keyword(value: bytes) -> str:
    """What stands before the parameters, in lower case and without comments."""
    if not value:
        return ""
    text = text_of(value.partition(b";")[0], MAX_FIELD)
    plain = without_comments(text)
    return (text if plain is None else plain).strip().lower()


def _multipart(walk: Walk, entity: Entity, leaf: Leaf, body: int, subtype: str) -> list[Entity]:
    if subtype == "encrypted":
        walk.unreadable.add(Unreadable.ENCRYPTED)
    if entity.depth >= MAX_DEPTH:
        walk.unreadable.add(Unreadable.TOO_DEEP)
        return []
    boundary = leaf.parameters.get("boundary", "").rstrip().encode("utf-8", "replace")
    spans = list(_spans(walk, entity, body, boundary)) if 0 < len(boundary) <= MAX_BOUNDARY else []
    if not spans:
        walk.unreadable.add(Unreadable.STRUCTURE)
        walk.leaves.append(_as_text(leaf))
    default = "message/rfc822" if subtype == "digest" else "text/plain"
    group = walk.seen if subtype == "alternative" else entity.alternative
    return [Entity(entity.source, start, end, entity.depth + 1, False, default, entity.attached, group) for start, end in spans]


def _as_text(leaf: Leaf) -> Leaf:
    return Leaf("text/plain", {}, "", "", None, leaf.source, leaf.start, leaf.end, leaf.attached, leaf.alternative)


def _spans(walk: Walk, entity: Entity, body: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """From where to where each part of a multipart goes (RFC 2046 5.1.1); a part that is not closed goes to the end."""
    delimiter = b"\n--" + boundary
    position, start, count = max(body - 1, 0), -1, 0
    while walk.seen + count < MAX_PARTS + 1 and walk.may_spend(STEP):
        found = entity.source.find(delimiter, position, entity.end)
        walk.may_spend((entity.end if found < 0 else found) - position)
        if found < 0:
            break
        after = found + len(delimiter)
        line_end = entity.source.find(b"\n", after, entity.end)
        position = entity.end if line_end < 0 else line_end
        rest = entity.source[after:position].rstrip(b" \t")
        if rest not in (b"", b"--"):
            continue
        if start >= 0:
            yield start, max(start, found)
            count += 1
        start = -1 if rest else min(position + 1, entity.end)
        if rest:
            break
    if start >= 0:
        yield start, entity.end


def _attached_mail(walk: Walk, entity: Entity, leaf: Leaf) -> list[Entity]:
    if entity.depth >= MAX_DEPTH:
        walk.unreadable.add(Unreadable.TOO_DEEP)
        return []
    if leaf.encoding not in ("base64", "quoted-printable"):
        return [Entity(leaf.source, leaf.start, leaf.end, entity.depth + 1, attached=entity.attached + 1)]
    if not walk.may_spend(16 * (leaf.end - leaf.start)):  # RFC 2046 5.2.1 forbids an encoding here; programs use it
        return []
    source = decode_transfer(leaf.body(), leaf.encoding).data
    return [Entity(source, 0, len(source), entity.depth + 1, attached=entity.attached + 1)]
