"""HTML to text, in one pass: linear on hostile input, where ``html.parser`` is quadratic (a megabyte of ``<``)."""

import html
import re

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
_NAME = re.compile(r"/?([A-Za-z][A-Za-z0-9:_-]{0,40})")
_CLOSERS = {name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE) for name in _SKIPPED}
_BLANKS = re.compile(r"[ \t\r\n\f\v\u00a0]+")
_HUGE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9A-Fa-f]{9,});?")  # no such characters; int() refuses the longest
_LINES = re.compile(r" *\n *")
_GAPS = re.compile(r"\n{3,}")


def html_to_text(source: str) -> str:
    """What a person would see of ``source``: no tags, scripts, styles or comments; blocks on lines of their own.

    What stands in a script or a comment that never ends is left out, as a browser does; a tag that never ends is taken for text.
    """
    found: list[str] = []
    position = 0
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
    return _GAPS.sub("\n\n", text).strip()


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
    if tag in _BLOCKS:
        found.append("\n")
    elif tag in _CELLS:
        found.append(" ")
    elif tag in _SKIPPED and not name[0].startswith("/") and source[end - 1] != "/":
        closer = _CLOSERS[tag].search(source, end)
        return closer.start() if closer else len(source)
    return end + 1
