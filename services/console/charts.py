"""Pictures of numbers and dates as SVG text: values in, text out, in words that the caller gives.

They are readable without colour (shapes, patterns and numbers), have a title and a description for those who hear them, and keep
their letters' size at any width: places across are per cent, places down pixels. Colours come from the style sheet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Literal

from markupsafe import Markup

Pattern = Literal["solid", "stripe", "dots", "ghost"]
ROW, BAR, TOP = 44, 14, 20  # pixels
COLUMN_HEIGHT, COLUMN_LABEL, MOST_LABELS = 150, 34, 14


@dataclass(frozen=True, slots=True)
class Stretch:
    """A state that lasted, or will: its label, its first and last day, and how its bar is filled."""

    label: str
    starts: date
    ends: date
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Mark:
    """A day that matters; ``today`` is drawn as a whole line."""

    label: str
    day: date
    today: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """One bar: what stands under it, how much, and the same in full words."""

    label: str
    count: int
    told: str


def timeline(id: str, title: str, description: str, stretches: Sequence[Stretch], marks: Sequence[Mark]) -> Markup:
    """The states of a framework under each other, and the days that matter across them. ``id`` is its own on the page."""
    days = [day for one in stretches for day in (one.starts, one.ends)] + [one.day for one in marks]
    if not days:
        return Markup()
    scale = _Scale(min(days), max(days))
    top = TOP * len(marks) + 6
    height = top + ROW * len(stretches) + 4
    rows = [(one, top + ROW * place) for place, one in enumerate(stretches)]
    lines = [(one, TOP * place + 14) for place, one in enumerate(sorted(marks, key=lambda one: one.day))]
    parts = [_patterns(id), *(_bar(one, scale, y, id) for one, y in rows), *(_line(one, scale, y, height) for one, y in lines)]
    parts += [_text(scale.at(one.day), y, one.label) for one, y in lines]  # words come last: nothing crosses them
    parts += [_text(scale.at(one.starts), y + 12, one.label) for one, y in rows]
    return _svg(id, title, description, height, parts)


def columns(id: str, title: str, description: str, bars: Sequence[Column]) -> Markup:
    """A bar each, with its number above it. Where there are many, only every so many have a label."""
    if not bars:
        return Markup()
    most = max((one.count for one in bars), default=0) or 1
    every = -(-len(bars) // MOST_LABELS)
    floor = COLUMN_HEIGHT + TOP
    parts = [f'<line class="axis" x1="0" x2="100%" y1="{floor}" y2="{floor}"/>']
    for place, one in enumerate(bars):
        parts.append(_column(one, 100 * place / len(bars), 100 / len(bars), one.count / most, labelled=place % every == 0))
    return _svg(id, title, description, floor + COLUMN_LABEL, parts)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Days across the picture, in per cent."""

    first: date
    last: date

    def at(self, day: date, *, end: bool = False) -> float:
        """Where ``day`` begins, or ends."""
        return 100 * ((day - self.first).days + end) / ((self.last - self.first).days + 1)


def _svg(id: str, title: str, description: str, height: int, parts: Sequence[str]) -> Markup:
    return Markup(  # noqa: S704 - every text in it is escaped where it is put in
        f'<svg class="chart" role="img" aria-labelledby="{escape(id)}-title {escape(id)}-desc" width="100%" height="{height}">'
        f'<title id="{escape(id)}-title">{escape(title)}</title><desc id="{escape(id)}-desc">{escape(description)}</desc>'
        f"{''.join(parts)}</svg>"
    )


def _bar(one: Stretch, scale: _Scale, y: int, id: str) -> str:
    left, right = scale.at(one.starts), scale.at(one.ends, end=True)
    fill = f' fill="url(#{escape(id)}-{one.pattern})"' if one.pattern in ("stripe", "dots") else ""
    kind = {"solid": "solid", "ghost": "ghost"}.get(one.pattern, "frame-line")
    place = f'x="{left:.2f}%" width="{max(right - left, 0.8):.2f}%" y="{y + 18}" height="{BAR}" rx="3"'
    filled = f"<rect {place}{fill}/>" if fill else ""
    return f'{filled}<rect class="{kind}" {place}/>'


def _line(one: Mark, scale: _Scale, y: int, height: int) -> str:
    x = scale.at(one.day)
    return f'<line class="{"today" if one.today else "mark"}" x1="{x:.2f}%" x2="{x:.2f}%" y1="{y + 4}" y2="{height}"/>'


def _text(x: float, y: int, text: str) -> str:
    """Beside its place: to the right of it in the left half, to the left of it in the right one."""
    anchor = "start" if x <= 50 else "end"
    return f'<text x="{x:.2f}%" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'


def _column(one: Column, x: float, width: float, share: float, *, labelled: bool) -> str:
    height = max(round(COLUMN_HEIGHT * share), 2 if one.count else 0)
    y = TOP + COLUMN_HEIGHT - height
    middle = x + width / 2
    label = f'<text class="soft" x="{middle:.2f}%" y="{TOP + COLUMN_HEIGHT + 18}" text-anchor="middle">{escape(one.label)}</text>'
    return (
        f'<g><title>{escape(one.told)}</title><rect class="bar" x="{x + width * 0.16:.2f}%" width="{width * 0.68:.2f}%" y="{y}" '
        f'height="{height}" rx="2"/><text x="{middle:.2f}%" y="{y - 5}" text-anchor="middle">{one.count}</text>'
        f"{label if labelled else ''}</g>"
    )


def _patterns(id: str) -> str:
    box = 'width="7" height="7" patternUnits="userSpaceOnUse"'
    return (
        f'<defs><pattern id="{escape(id)}-stripe" {box} patternTransform="rotate(45)"><line class="stripe" x1="1" x2="1" y2="7"/>'
        f'</pattern><pattern id="{escape(id)}-dots" {box}><circle class="dot" cx="3" cy="3" r="1.400"/></pattern></defs>'
    )
