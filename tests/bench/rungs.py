"""The rungs of the ladder: what each figure must be, and which rung a figure has reached."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Rung:
    """One line of the ladder: ``figure`` of ``load``, as a ratio to ``against`` in the same run (None: as it is).

    ``steps`` are the values of rungs 1, 2 and 3; None where a rung asks nothing.
    """

    load: str
    figure: str
    title: str
    better: Literal["more", "less"]
    steps: tuple[float | None, float | None, float | None]
    against: str | None = "postfix"
    of: str = "guard"

    def reached(self, value: float) -> int:
        """The highest rung that ``value`` reaches with all below it; 0 is none."""
        rung = 0
        for number, step in enumerate(self.steps, 1):
            if step is None:
                continue
            if value < step if self.better == "more" else value > step:
                break
            rung = number
        return rung


MB = 1e6

LADDER = (
    Rung("small-20", "throughput", "4 KiB, 20 sessions", "more", (1.0, 2.5, 4.0)),
    Rung("small-20", "cpu_ms", "4 KiB, 20 sessions: CPU per mail", "less", (0.7, 0.3, 0.15)),
    Rung("small-50", "throughput", "4 KiB, 50 sessions", "more", (1.0, 3.5, 6.0)),
    Rung("small-1", "throughput", "4 KiB, 1 session", "more", (0.8, 1.5, 2.0)),
    Rung("connect-20", "throughput", "4 KiB, a new connection each", "more", (0.8, 1.5, 2.0)),
    Rung("medium-20", "throughput", "50 KiB, 20 sessions", "more", (0.8, 1.5, 2.0)),
    Rung("large-50", "throughput", "5 MiB, 50 sessions", "more", (0.3, 1.0, 1.2)),
    Rung("held-50", "peak_pss", "50 bodies of 5 MiB held: peak PSS, MB", "less", (600 * MB, 200 * MB, 128 * MB), against=None),
    Rung("beside-50", "accept_p99", "4 KiB beside 50 of 5 MiB: accepted, p99, s", "less", (None, 0.25, None), against=None),
    Rung("latency", "arrive_p50", "arrival at 50/s, p50", "less", (1.5, 1.0, 0.7)),
    Rung("latency", "arrive_p99", "arrival at 50/s, p99", "less", (4.0, 1.5, 1.0)),
    Rung("slow-disk-20", "throughput", "each fsync 5 ms slower, 20 sessions", "more", (None, 1.5, 2.0)),
    Rung("slow-disk-50", "throughput", "each fsync 5 ms slower, 50 sessions", "more", (None, 2.0, 3.0)),
    Rung("citizens", "throughput", "1,000,000 citizens against 1", "more", (0.95, 0.95, 0.99), "guard-one", "guard-many"),
    Rung("citizens-idle", "index_pss", "memory of that index, MB", "less", (400 * MB, 200 * MB, 64 * MB), None, "guard-many"),
    Rung("citizens-idle", "start_s", "time until it is whole, s", "less", (60, 20, 5), None, "guard-many"),
    Rung("small-20", "throughput", "against a content filter in aiosmtpd", "more", (3.0, 8.0, 15.0), "filter"),
    Rung("idle", "cpu_percent", "idle: CPU, %", "less", (None, 1.0, 0.3), None),
    Rung("idle", "pss", "idle: PSS, MB", "less", (None, 250 * MB, 150 * MB), None),
)
