"""The diagram of a framework's states: ``python -m services.state_diagram`` writes it into docs/architecture.md.

Generated from the one table of ``workflows.lifecycle``; a test compares it with the committed page.
"""

from collections import defaultdict
from pathlib import Path

from workflows.lifecycle import ENDED, TABLE

FILE = Path(__file__).parents[1] / "docs" / "architecture.md"
BEGIN, END = "```mermaid\nstateDiagram-v2\n", "```\n"
EVERYWHERE = "registered_in_error"  # leads there from each state: as arrows it would hide the others


def generate() -> str:
    """The diagram in Mermaid, one arrow from state to state with the moves that go along it."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for move, transition in TABLE.items():
        for before, after in transition.ways.items():
            if move != EVERYWHERE:
                arrows[before.value, after.value].append(move)
    lines = ["[*] --> reported", *(f"{one} --> {other}: {', '.join(moves)}" for (one, other), moves in arrows.items())]
    ends = [f"{state.value} --> [*]" for state in sorted(ENDED) if state.value != EVERYWHERE]
    return BEGIN + "".join(f"    {line}\n" for line in [*lines, *ends]) + END


def placed(page: str) -> str:
    """``page`` with the diagram in the place of the one that it has."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return before + generate() + after


if __name__ == "__main__":
    FILE.write_text(placed(FILE.read_text(encoding="utf-8")), encoding="utf-8")
