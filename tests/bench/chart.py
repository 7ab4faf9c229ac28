"""One SVG of a run: throughput beside Postfix, load by load, drawn as plain shapes."""

import statistics
from html import escape

from bench.report import Report

ROWS = (
    ("small-20", "4 KiB, 20 sessions"),
    ("small-50", "4 KiB, 50 sessions"),
    ("small-1", "4 KiB, 1 session"),
    ("connect-20", "4 KiB, a new connection each"),
    ("medium-20", "50 KiB, 20 sessions"),
    ("large-50", "5 MiB, 50 sessions"),
    ("slow-disk-20", "slow disk, 20 sessions"),
    ("slow-disk-50", "slow disk, 50 sessions"),
)
COLOURS = {"guard": "#1f6f54", "filter": "#b4572b"}
LEFT, WIDTH, BAR, GAP = 230, 430, 14, 14


def ratios(report: Report, load: str, system: str) -> list[float]:
    """Throughput of ``system`` as a ratio to Postfix, round by round."""
    systems = report.figures.get(load, {}).get("throughput", {})
    return [one / other for one, other in zip(systems.get(system, []), systems.get("postfix", []), strict=False)]


def draw(report: Report) -> str:
    """The picture; a thin line on each bar runs from the lowest round to the highest."""
    bars = [(title, [(system, values) for system in COLOURS if (values := ratios(report, load, system))]) for load, title in ROWS]
    bars = [(title, systems) for title, systems in bars if systems]
    top = max((max(values) for _, systems in bars for _, values in systems), default=1.0)
    scale = WIDTH / max(1.2, top)
    shapes, y = [], 64
    for title, systems in bars:
        shapes.append(f'<text x="{LEFT - 10}" y="{y + 11}" text-anchor="end">{escape(title)}</text>')
        for system, values in systems:
            shapes += _bar(y, system, values, scale)
            y += BAR + 3
        y += GAP
    return _frame(shapes, y, LEFT + scale)


def _bar(y: int, system: str, values: list[float], scale: float) -> list[str]:
    middle, low, high = statistics.median(values), min(values), max(values)
    line = y + BAR / 2
    return [
        f'<rect x="{LEFT}" y="{y}" width="{middle * scale:.1f}" height="{BAR}" fill="{COLOURS[system]}"/>',
        f'<path d="M{LEFT + low * scale:.1f} {line}H{LEFT + high * scale:.1f}" stroke="#888" stroke-width="1.5"/>',
        f'<text x="{LEFT + high * scale + 8:.1f}" y="{y + 11}">{middle:.2f}</text>',
    ]


def _frame(shapes: list[str], height: int, one: float) -> str:
    width = LEFT + WIDTH + 60
    names = {"guard": "Rammevagt, everything on", "filter": "Postfix + content filter in aiosmtpd"}
    legend = "".join(
        f'<rect x="{LEFT + place * 200}" y="34" width="12" height="12" fill="{colour}"/>'
        f'<text x="{LEFT + place * 200 + 18}" y="44">{names[system]}</text>'
        for place, (system, colour) in enumerate(COLOURS.items())
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height + 24}" width="{width}" height="{height + 24}" '
        'font-family="sans-serif" font-size="12" fill="#222">\n'
        f'<title>Throughput beside Postfix</title>\n<rect width="{width}" height="{height + 24}" fill="#fff"/>\n'
        f'<text x="{LEFT}" y="20" font-weight="bold">Throughput to the last arrival; plain Postfix in the same run = 1</text>\n'
        + legend
        + "\n"
        + "\n".join(shapes)
        + f'\n<path d="M{one:.1f} 56V{height}" stroke="#222" stroke-dasharray="3 3"/>'
        + f'<text x="{one:.1f}" y="{height + 14}" text-anchor="middle">Postfix</text>\n</svg>\n'
    )
