"""Which mail has waited too long, and what is told of it and of what the books miss."""

from datetime import timedelta

import pytest
from fakes.arrivals import NOW

from workflows.alarms import LATE_AFTER, MANY, Missing, Waiting, late, of_late, of_missing
from workflows.event_data import EVENTS, CloudEvent

AGES = timedelta(days=9)
MINUTE = timedelta(minutes=1)


def waits(hours, *, attempts=1, told=False, unit="bf", mail="m1", delivery="d1", hop="next"):
    return Waiting(mail, delivery, hop, NOW - timedelta(hours=hours), attempts, told, unit, "f-1")


@pytest.mark.parametrize(
    ("one", "up_for", "is_late"),
    [
        (waits(4), AGES, True),
        (waits(3.9), AGES, False),
        (waits(5, attempts=0), AGES, True),  # its hop is there, and nobody came to try it
        (waits(5, attempts=0), MINUTE, False),  # it waited for its hop
        (waits(5), MINUTE, True),  # put off by itself, before or after
        (waits(5, told=True), AGES, False),
        (waits(50), None, False),  # the hop is away: that is one alarm, and not this one
        (waits(5, attempts=0), LATE_AFTER, True),
    ],
)
def test_a_mail_is_late_when_it_waits_by_itself(one, up_for, is_late):
    up_since = {} if up_for is None else {"next": NOW - up_for}
    assert bool(late([one], up_since, NOW).told()) is is_late


def test_a_hop_that_puts_everything_off_is_not_told_of_mail_by_mail():
    sick = [waits(5, mail=f"m{n}", delivery=f"d{n}") for n in range(MANY + 1)]
    other = waits(5, mail="x", delivery="x", hop="internet")
    found = late([*sick, other], {"next": NOW - AGES, "internet": NOW - AGES}, NOW)
    assert (found.hops, found.told(), len(found.copies)) == ({"next": MANY + 1}, [other], MANY + 2)
    assert len(late(sick[:MANY], {"next": NOW - AGES}, NOW).told()) == MANY


def test_one_event_a_mail_and_unit_with_a_lasting_name():
    copies = [waits(5), waits(5, delivery="d2"), waits(5, delivery="d3", unit=None), waits(5, mail="m2", delivery="d4")]
    events = of_late(copies, NOW)
    assert [(one.id, one.data["delivery"]) for one in events] == [
        ("m1.late.bf.stuck", "d1"),
        ("m1.late.none.stuck", "d3"),
        ("m2.late.bf.stuck", "d4"),
    ]


def test_what_the_books_miss_is_told_once_a_recipient():
    missing = [Missing("m1", 2, "d1", "bf", None), Missing("m1", None, None, None, None)]
    assert [one.id for one in of_missing(missing, NOW)] == ["m1.unaccounted2.stuck", "m1.unaccounted.stuck"]
    assert len(of_missing(missing * MANY, NOW)) == MANY


def test_the_events_are_in_their_documented_form():
    for event in (*of_late([waits(5)], NOW), *of_missing([Missing("m1", None, None, None, None)], NOW)):
        CloudEvent[EVENTS["mail.stuck"]].model_validate(event.cloudevent())
