"""What a run has found: figures by load and system, round by round; printed as a table, written as JSON."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.rungs import LADDER, MB, Rung

UNITS = {
    "throughput": ("mails/s", 1.0),
    "cpu_ms": ("CPU ms/mail", 1.0),
    "held_pss": ("PSS held, MB", MB),
    "peak_pss": ("PSS peak, MB", MB),
    "accept_p50": ("accepted p50, ms", 1e-3),
    "accept_p99": ("accepted p99, ms", 1e-3),
    "arrive_p50": ("arrived p50, ms", 1e-3),
    "arrive_p99": ("arrived p99, ms", 1e-3),
    "cpu_percent": ("CPU, %", 1.0),
    "pss": ("PSS, MB", MB),
    "index_pss": ("index PSS, MB", MB),
    "start_s": ("start to ready, s", 1.0),
    "load_s": ("rammevagt load, s", 1.0),
}


@dataclass
class Report:
    """``figures[load][figure][system]`` is a list with one value a round."""

    machine: dict[str, Any]
    figures: dict[str, dict[str, dict[str, list[float]]]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, load: str, system: str, **figures: float) -> None:
        """One round's figures of one system."""
        for name, value in figures.items():
            self.figures.setdefault(load, {}).setdefault(name, {}).setdefault(system, []).append(value)

    def ratios(self, rung: Rung) -> list[float]:
        """The figure of a rung round by round: as a ratio within the round, or as it is."""
        systems = self.figures.get(rung.load, {}).get(rung.figure, {})
        values = systems.get(rung.of, [])
        if rung.against is None:
            return values
        return [one / other for one, other in zip(values, systems.get(rung.against, []), strict=False) if other > 0]

    def climbed(self) -> Iterator[tuple[Rung, float, list[float], int]]:
        """Each rung that was measured: its median, its rounds, and which step it reaches."""
        for rung in LADDER:
            if rounds := self.ratios(rung):
                median = statistics.median(rounds)
                yield rung, median, rounds, rung.reached(median)

    def wire(self) -> dict[str, Any]:
        """As JSON."""
        ladder = [
            {"load": one.load, "title": one.title, "figure": one.figure, "against": one.against, "median": median, "rounds": rounds}
            | {"steps": one.steps, "reached": reached}
            for one, median, rounds, reached in self.climbed()
        ]
        return {"machine": self.machine, "figures": self.figures, "ladder": ladder, "notes": self.notes}

    def show(self, console: Console) -> None:
        """Print the tables."""
        console.print(self._figures_table())
        console.print(self._ladder_table())
        for note in self.notes:
            console.print(f"note: {note}", highlight=False)

    def _figures_table(self) -> Table:
        table = Table("load", "figure", "system", "median", "min", "max", title="Figures (they hold for this run alone)")
        for column in table.columns[3:]:
            column.justify = "right"
        for load, by_figure in self.figures.items():
            for figure, by_system in by_figure.items():
                title, scale = UNITS[figure]
                for system, values in by_system.items():
                    middle = statistics.median(values)
                    table.add_row(load, title, system, *(f"{value / scale:,.2f}" for value in (middle, min(values), max(values))))
        return table

    def _ladder_table(self) -> Table:
        table = Table("what", "against", "median", "round by round", "rungs 1 / 2 / 3", "reached", title="Ratios within a round")
        for rung, median, rounds, reached in self.climbed():
            scale = MB if rung.figure.endswith("pss") else 1.0
            steps = " / ".join("–" if step is None else f"{step / scale:g}" for step in rung.steps)
            sign = "≥" if rung.better == "more" else "≤"
            each = " ".join(f"{value / scale:.2f}" for value in rounds)
            table.add_row(rung.title, rung.against or "", f"{median / scale:.2f}", each, f"{sign} {steps}", str(reached or "none"))
        return table
