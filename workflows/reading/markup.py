"""HTML to text, in one pass: linear on hostile input, where ``html.parser`` is quadratic (a megabyte of ``<``)."""

import html
import re
from collections.abc import Iterator

from workflows.reading.codes import Noted

_SKIPPED = frozenset({"script", "style", "title", "template"})
_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body br center dd div dl dt fieldset figure footer form h1 h2 h3 h4 h5 h6 header hr html"
        " li main nav ol option p pre section select table tbody tfoot thead tr ul",
    )
)
_CELLS = frozenset({"td", "th", "img", "button", "input", "textarea"})
_OPENS = re.compile(r"<(?=[A-Za-z/!?])")
_VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:_-]{0,40})")
_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:_-]{0,40})")
_QUOTE = re.compile(r"<blockquote\b[^<>]{0,2000}?(?:type\s*=\s*[\"']?cite|class\s*=\s*[\"']?[^\"'<>]{0,200}quote)", re.IGNORECASE)
_BEGINS, _ENDS, _NEITHER = (
    "\x01",
    "\x02",
    str.maketrans("", "", "\x01\x02"),
)  # of a quotation, in text that holds no such characters
_HIDDEN = re.compile(
    r"<[a-z][^<>]{0,2000}?(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|\shidden(?=[\s>=/]))",
    re.IGNORECASE,
)
_FETCHES = re.compile(
    r"<(?:img|source|video|audio|iframe|link|input|table|td|body)\b[^<>]{0,2000}?"
    r"(?:src|srcset|href|background)\s*=\s*[\"']?\s*(?:https?:)?//",
    re.IGNORECASE,
)
_CLOSERS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _SKIPPED}
_BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_HUGE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9A-Fa-f]{9,});?")  # no such characters; int() refuses the longest
_LINES = re.compile(r" *\n *")
_GAPS = re.compile(r"\n{3,}")


def html_to_text(source: str) -> str:
    """What a person would see of ``source``: no tags, scripts, styles or comments; blocks on lines of their own.

    What a mail program marked as quoted from an earlier mail is marked with ``>``, as in plain text.

    What stands in a script or a comment that never ends is left out, as a browser does; a tag that never ends is taken for text.
    """
    found: list[str] = []
    position = 0
    source = source.translate(_NEITHER)
    while opens := _OPENS.search(source, position):
        start = opens.start()
        found.append(_shown(source[position:start]))
        if source.startswith("<!--", start):
            position = _after(source, "-->", start + 4)
        elif name := _NAME.match(source, start + 1):
            position = _after_tag(source, name, found)
        else:
            position = _after(source, ">", start + 2)
    found.append(_shown(source[position:]))
    text = _LINES.sub("\n", re.sub(" {2,}", " ", "".join(found)))
    return _GAPS.sub("\n\n", _marked(text) if _BEGINS in text or _ENDS in text else text).strip()


def notes_of(source: str) -> Iterator[Noted]:
    """What a reader of ``source`` would not see, or would give away by seeing it."""
    if _hides_text(source):
        yield Noted.HIDDEN_TEXT
    if _FETCHES.search(source):
        yield Noted.REMOTE_PICTURES


def _hides_text(source: str) -> bool:
    """Whether something hidden holds a word: pictures that only count their readers, and empty links, are hidden too.

    What was looked at is not looked at again, however deep hidden things lie in each other.
    """
    position = 0
    while found := _HIDDEN.search(source, position):
        name = _NAME.match(source, found.start() + 1)
        start = _after(source, ">", found.end())
        position = start if name is None or name[1].lower() in _VOID else _end_of(source, name[1].lower(), start)
        if any(map(str.isalnum, html_to_text(source[start:position]))):
            return True
    return False


def _end_of(source: str, name: str, start: int) -> int:
    """Where the element ends that was opened before ``start``; where it is never closed, the end of ``source``."""
    depth = 1
    for tag in _TAG.finditer(source, start):
        if tag[2].lower() == name:
            depth += -1 if tag[1] else 1
            if depth == 0:
                return tag.start()
    return len(source)


def _marked(text: str) -> str:
    """``text`` with ``>`` before the lines of quotations. One that is never ended ends with the text."""
    lines, depth = [], 0
    for line in text.split("\n"):
        depth += line.count(_BEGINS)
        plain = line.translate(_NEITHER)
        lines.append(f"> {plain}" if depth > 0 else plain)
        depth = max(0, depth - line.count(_ENDS))
    return "\n".join(lines)


def _shown(text: str) -> str:
    return _BLANKS.sub(" ", html.unescape(_HUGE.sub("\ufffd", text)).replace("\0", "\ufffd")) if text else text


def _after(source: str, end: str, position: int) -> int:
    found = source.find(end, position)
    return len(source) if found < 0 else found + len(end)


def _after_tag(source: str, name: re.Match[str], found: list[str]) -> int:
    """Where reading goes on after the tag ``name``; adds the line end or blank that the tag stands for."""
    tag = name[1].lower()
    end = source.find(">", name.end())
    if end < 0:
        found.append(_shown(source[name.end() :]))
        return len(source)
    if tag == "blockquote":
        closes = name[0].startswith("/")
        found.append(f"{_ENDS}\n" if closes else f"\n{_BEGINS}" if _QUOTE.match(source, name.start() - 1) else "\n")
    elif tag in _BLOCKS:
        found.append("\n")
    elif tag in _CELLS:
        found.append(" ")
    elif tag in _SKIPPED and not name[0].startswith("/") and source[end - 1] != "/":
        closer = _CLOSERS[tag].search(source, end)
        return closer.start() if closer else len(source)
    return end + 1
