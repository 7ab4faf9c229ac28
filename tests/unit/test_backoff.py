from datetime import timedelta

import pytest
from fakes.queue_store import START
from hypothesis import given
from hypothesis import strategies as st

from workflows.backoff import gives_up, hop_delay, probe_delay, retry_delay

CHANCES = st.floats(0, 1, exclude_max=True)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (4, 8), (7, 64), (8, 128), (9, 240), (100, 240), (10**9, 240)]
)
def test_waits_a_minute_then_ever_longer(attempts, minutes):
    assert retry_delay(attempts, 0.5) == timedelta(minutes=minutes)


@given(st.integers(1, 10_000), CHANCES)
def test_spreads_by_ten_percent_either_way(attempts, chance):
    middle = retry_delay(attempts, 0.5)
    assert middle * 0.9 <= retry_delay(attempts, chance) < middle * 1.1 + timedelta(microseconds=1)


def test_a_hop_that_was_away_is_not_waited_for_long():
    assert [hop_delay(n, 0.5) for n in (1, 2, 3, 4, 50)] == [timedelta(minutes=n) for n in (1, 2, 4, 5, 5)]


def test_probes_from_a_second_to_a_minute():
    assert [probe_delay(n).total_seconds() for n in (1, 2, 3, 7, 100)] == [1, 2, 4, 60, 60]


def test_gives_up_after_five_days():
    assert not gives_up(START, START + timedelta(days=5, microseconds=-1))
    assert gives_up(START, START + timedelta(days=5))
