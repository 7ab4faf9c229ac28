"""``make bench``, or ``make bench ARGS="--only small-20 --rounds 3"``."""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from bench.chart import draw
from bench.run import NAMES, QUICK, Run, Scale
from bench.systems import ROOT


def arguments() -> argparse.Namespace:
    """What is wanted."""
    parser = argparse.ArgumentParser(prog="bench", description="The guard beside Postfix, in one run on this machine.")
    parser.add_argument("--quick", action="store_true", help="small counts, one round: whether the bench itself works")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="LOAD", help=f"may be repeated: {', '.join(NAMES)}")
    parser.add_argument("--rounds", type=int, help="how often each load goes over all systems (default: 5)")
    parser.add_argument("--many", type=int, help="how many citizens the large register has (default: 1,000,000)")
    parser.add_argument("--work", type=Path, help="where queues and data live while it runs: the disk that is measured")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out", help="where the JSON goes")
    parser.add_argument("--svg", type=Path, help="where the picture goes (default: docs/bench.svg after a whole run)")
    parser.add_argument("--command", default=str(ROOT / ".venv/bin/rammevagt"), help="the guard's command, for another build")
    return parser.parse_args()


def main() -> int:
    """Run, print, write."""
    wanted = arguments()
    console = Console(width=None if sys.stdout.isatty() else 160)
    if os.geteuid() != 0 or not shutil.which("smtp-source"):
        console.print("bench: needs Debian's package postfix, and root to start a throwaway Postfix")
        return 2
    scale = QUICK if wanted.quick else Scale()
    chosen = {"rounds": wanted.rounds, "many": wanted.many}
    scale = dataclasses.replace(scale, **{name: value for name, value in chosen.items() if value})
    folder = Path(tempfile.mkdtemp(prefix="bench-", dir=wanted.work))
    folder.chmod(0o755)  # Postfix's daemons are another user
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what was started is stopped, what was measured is shown
    run = Run(scale, set(wanted.only or NAMES), folder, wanted.command, lambda line: print(line, file=sys.stderr, flush=True))
    try:
        run.everything()
    except KeyboardInterrupt:
        run.report.notes.append("interrupted: not all loads were measured")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    run.report.show(console)
    wanted.out.mkdir(parents=True, exist_ok=True)
    (wanted.out / "latest.json").write_text(json.dumps(run.report.wire(), indent=1) + "\n")
    if svg := wanted.svg or (ROOT / "docs/bench.svg" if not (wanted.quick or wanted.only) else None):
        svg.parent.mkdir(exist_ok=True)
        svg.write_text(draw(run.report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
