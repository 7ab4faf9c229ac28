"""What a soak came to, beside the bars."""

from bisect import bisect_left
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from soak.load import CountingStamps, Load
from soak.trouble import Memory, Troubled

MOST_TWICE = 0.01  # of the mails
MOST_GROWTH = 1.10


@dataclass
class Report:
    """``twice`` counts second arrivals, ``unexplained`` those of them without a kill -9 between first sending and last arrival."""

    seed: int
    top: float = 0
    seconds: float = 0
    promised: int = 0
    refused: int = 0
    lost: int = 0
    twice: int = 0
    unexplained: int = 0
    unclean: int = 0
    troubles: dict[str, int] = field(default_factory=dict)
    memory: Memory = field(default_factory=Memory)
    ledger: bool = False
    audit: bool = False

    def fill(self, load: Load, sink: CountingStamps, guard: Troubled, memory: Memory) -> None:
        """From what was counted."""
        self.promised, self.refused = load.count(), load.refused
        self.lost = sum(1 for number, promised in enumerate(load.promised) if promised and not sink.has(number))
        self.twice = len(sink.again)
        self.unexplained = sum(not killed_between(guard.kills, load.began[number], at) for number, at in sink.again)
        self.unclean, self.troubles, self.memory = guard.unclean, guard.done, memory

    def rows(self) -> list[tuple[str, str, str, bool]]:
        """What, the figure, the bar, whether it holds."""
        growth = self.memory.growth()
        share = self.twice / max(1, self.promised)
        return [
            ("lost", str(self.lost), "0", self.lost == 0 and self.promised > 0),
            ("twice", f"{self.twice} ({share:.3%})", f"< {MOST_TWICE:.0%}", share < MOST_TWICE),
            ("twice without a kill -9", str(self.unexplained), "0", self.unexplained == 0),
            ("SIGTERM that did not end with 0", str(self.unclean), "0", self.unclean == 0),
            ("memory, last quarter over second", f"{growth:.3f}", f"< {MOST_GROWTH}", growth < MOST_GROWTH),
            ("ledger", "balances" if self.ledger else "does not balance", "balances", self.ledger),
            ("audit chain", "holds" if self.audit else "is broken", "holds", self.audit),
        ]

    def holds(self) -> bool:
        """Whether no bar is missed."""
        return all(held for *_, held in self.rows())

    def show(self, console: Console) -> None:
        """The table."""
        rate = self.promised / max(1.0, self.seconds)
        console.print(f"{self.promised} mails in {self.seconds:.0f} s: {rate / max(1.0, self.top):.2f} of the top speed")
        console.print(
            ", ".join(f"{count} x {what}" for what, count in self.troubles.items()), f"{self.refused} sendings without 250"
        )
        if self.memory.guard:
            last = self.memory.guard[-1] / 1e6, self.memory.broker[-1] / 1e6
            console.print(f"PSS at the end: guard and reader {last[0]:.0f} MB, broker {last[1]:.0f} MB")
        table = Table("", "found", "bar", "", box=None)
        for what, found, bar, held in self.rows():
            table.add_row(what, found, bar, "" if held else "MISSED")
        console.print(table)


def killed_between(kills: list[float], first: float, last: float) -> bool:
    """Whether one of the instants ``kills`` (sorted) lies between."""
    place = bisect_left(kills, first)
    return place < len(kills) and kills[place] <= last
