"""The parts of the bench that turn counts into figures."""

import os
import subprocess
import sys

import pytest

from bench import machine
from bench.chart import draw
from bench.client import percentile
from bench.report import Report
from bench.rungs import LADDER, Rung
from bench.sinks import BENCH_ID, COUNT


def test_a_rung_is_reached_with_all_below_it():
    more = Rung("load", "throughput", "", "more", (1.0, 2.5, 4.0))
    assert [more.reached(value) for value in (0.9, 1.0, 2.4, 2.5, 9)] == [0, 1, 1, 2, 3]
    less = Rung("load", "cpu_ms", "", "less", (0.7, 0.3, 0.15))
    assert [less.reached(value) for value in (0.8, 0.7, 0.3, 0.1)] == [0, 1, 2, 3]
    one = Rung("load", "accept_p99", "", "less", (None, 0.25, None))
    assert [one.reached(value) for value in (0.3, 0.25)] == [0, 2]


def test_ratios_are_taken_within_a_round():
    report = Report({})
    for guard, postfix in ((200, 100), (300, 50)):
        report.add("small-20", "guard", throughput=guard)
        report.add("small-20", "postfix", throughput=postfix)
    assert report.ratios(LADDER[0]) == [2.0, 6.0]
    assert next(report.climbed())[1:] == (4.0, [2.0, 6.0], 3)


def test_the_picture_holds_every_load_that_was_measured():
    report = Report({})
    for system, value in (("guard", 200), ("postfix", 100), ("filter", 30)):
        report.add("small-20", system, throughput=value)
    picture = draw(report)
    assert "2.00" in picture and "0.30" in picture and "50 sessions" not in picture


def test_percentiles_are_of_the_nearest_rank():
    assert percentile([3, 1, 2, 4], 0.5) == 3
    assert percentile(list(range(100)), 0.99) == 99


def test_the_counter_of_the_sink_is_understood():
    assert COUNT.findall(b"sess=20 quit=1 mesg=999\rsess=20 quit=2 mesg=1000\r") == [b"999", b"1000"]
    assert BENCH_ID.search(b"Received: x\r\nX-Bench-Id: guard-7\r\n\r\n").group(1) == b"guard-7"


@pytest.mark.parametrize("figure", [machine.cpu_seconds, machine.pss_bytes])
def test_a_tree_counts_its_children(figure):
    code = "import sys; spent = sum(range(3_000_000)); held = bytes(20_000_000); print(flush=True); sys.stdin.read()"
    before = figure([os.getpid()])
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        assert child.pid in machine.tree(os.getpid())
        assert figure([child.pid]) > 0
        assert figure([os.getpid()]) > before
        child.stdin.close()
