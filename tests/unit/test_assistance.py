"""Help now: who is called in which order until somebody comes; relief in a case: who answers; and who hears of what."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy

import pytest
from fakes.town import CPH, POLICY, town

from services.notice_texts import words
from workflows import desk_notices
from workflows.assistance import (
    ARRIVED,
    LIFE,
    PAUSE,
    STEP,
    Assistance,
    come,
    ended,
    is_answered,
    nobody_came,
    order_of,
    placed,
    stepped,
    written,
)
from workflows.events import assist_requested, relief_answered, relief_asked
from workflows.incident import Refused
from workflows.notice_mail import Letterhead, compose
from workflows.notices import House
from workflows.organisation import organisation
from workflows.relief import Answer, Relief, answered

KAREN, PER, IDA, LENE = "karen@eksempel.dk", "per@eksempel.dk", "ida@eksempel.dk", "lene@eksempel.dk"
DEPUTY, DUTY, HANS = "sten@eksempel.dk", "vagt@eksempel.dk", "hans@eksempel.dk"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=CPH)  # a Monday
NIGHT = datetime(2026, 11, 23, 22, 0, tzinfo=CPH)


def house(**changes):
    base = {"id": "bf", "name": "Børn og Familie", "leader": LENE, "deputy": DEPUTY, "duty_officer": DUTY, "head": HANS}
    made = town(units=[base | changes, {"id": "tek", "name": "Teknik", "leader": "mia@eksempel.dk"}])
    return House(organisation(made.units, made.employees, made.open_addresses, ()), POLICY)


def order(kind="leader", caller=KAREN, there=(PER, IDA), **changes):
    where = house(**changes)
    return order_of(kind, caller, where.organisation.units["bf"], where, there)


def call(**changes):
    base = {"id": "a-1", "kind": "leader", "unit": "bf", "caller": KAREN, "at": NOW, "order": order()}
    return stepped(Assistance.model_validate(base | changes), NOW)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, [(LENE,), (DEPUTY,), (DUTY,), (IDA, PER), (HANS,)]),
        ({"kind": "time_out"}, [(LENE,), (DEPUTY,), (DUTY,), (IDA, PER), (HANS,)]),
        ({"kind": "colleague"}, [(IDA, PER), (LENE,), (DEPUTY,), (DUTY,), (HANS,)]),
        ({"kind": "colleague", "there": (LENE, PER)}, [(PER,), (LENE,), (DEPUTY,), (DUTY,), (HANS,)]),  # the leader is no colleague
        ({"kind": "colleague", "there": ()}, [(LENE,), (DEPUTY,), (DUTY,), (HANS,)]),
        ({"there": (KAREN, "mia@eksempel.dk")}, [(LENE,), (DEPUTY,), (DUTY,), (HANS,)]),  # not oneself, nor another unit's
        ({"caller": LENE, "there": ()}, [(DEPUTY,), (DUTY,), (HANS,)]),
        ({"deputy": LENE, "duty_officer": None, "there": ()}, [(LENE,), (HANS,)]),  # each once
        ({"deputy": None, "duty_officer": None, "head": None, "caller": LENE, "there": ()}, []),
    ],
)
def test_the_order_in_which_people_are_called(asked, expected):
    assert list(order(**asked)) == expected


def test_somebody_without_a_unit_has_nobody_to_call():
    assert order_of("leader", KAREN, None, house(), (PER,)) == ()
    assert call(unit=None, order=()).unanswered  # and that is said at once


def test_the_next_are_called_each_minute_until_everybody_was():
    one = call()
    assert (one.people, one.next_at) == ((LENE,), NOW + STEP)
    assert stepped(one, NOW + STEP - timedelta(seconds=1)) == one
    assert stepped(one, NOW + STEP).people == (LENE, DEPUTY)
    assert stepped(one, NOW + 3 * STEP).people == (LENE, DEPUTY, DUTY, IDA, PER)
    everybody = stepped(one, NOW + 4 * STEP)
    assert (everybody.called, everybody.unanswered, everybody.next_at) == (5, False, NOW + 5 * STEP)
    nobody = stepped(one, NOW + 5 * STEP)
    assert (nobody.unanswered, nobody.next_at) == (True, NOW + 5 * STEP + PAUSE)


def steps(one, until, every=STEP):
    """When there was another step, of somebody who looks that often; the call at the end."""
    found, now = [], NOW
    while now < until:
        after = stepped(one, now)
        found += [(now - NOW) // STEP] * (after.called - one.called)
        one, now = after, now + every
    return found, one


def test_they_are_called_again_and_again_ever_more_slowly_while_nobody_comes():
    two = call(order=[(LENE,), (HANS,)])
    found, one = steps(two, NOW + 30 * STEP)
    assert found == [1, 5, 6, 13, 14, 24, 25] and one.unanswered  # three, six and nine minutes of pause
    assert one.people == (LENE, HANS)
    alone, one = steps(call(order=[(LENE,)]), NOW + LIFE + timedelta(hours=1))
    assert alone[:3] == [4, 11, 21] and max(alone) < LIFE // STEP and one.next_at is None  # it ends with the call
    assert stepped(call(order=()), NOW + timedelta(hours=1)).next_at is None


def test_a_guard_that_was_away_calls_nobody_twice_at_once():
    late = stepped(call(), NOW + timedelta(hours=3))
    assert late.called <= 6 and late.next_at > NOW + timedelta(hours=3)
    old = Assistance.model_validate(call().model_dump(exclude={"due"}))  # of an older version
    assert old.next_at == NOW + STEP and stepped(old, NOW + STEP).people == (LENE, DEPUTY)


def test_who_said_that_they_come_and_did_not_is_not_waited_for():
    one = come(call(), LENE, NOW + STEP)
    waited = NOW + 6 * STEP
    again = nobody_came(one, waited)
    assert (again.coming, again.next_at, again.unanswered) == ((), waited, False)
    assert stepped(again, waited).people == (LENE, DEPUTY) and stepped(again, waited).next_at == waited + STEP
    everybody = come(stepped(call(), NOW + 4 * STEP), HANS, NOW + 4 * STEP)
    again = stepped(nobody_came(everybody, waited), waited)
    assert (again.called, again.unanswered, again.next_at) == (6, True, waited + STEP)
    assert told(again, 6, waited) == [(LENE, "leader", "now", waited)]
    assert nobody_came(call(), waited) == call()
    for over in (ended(one, waited), one):
        assert isinstance(nobody_came(over, NOW + LIFE), Refused)
    assert isinstance(nobody_came(ended(one, waited), waited), Refused)


def test_help_that_was_promised_long_ago_has_been_there():
    one = come(call(), LENE, NOW)
    assert not is_answered(call(), NOW + LIFE) and not is_answered(one, NOW + ARRIVED - STEP) and is_answered(one, NOW + ARRIVED)


def test_nobody_else_is_called_when_somebody_comes_or_it_is_over():
    comes = come(call(), LENE, NOW)
    assert (comes.next_at, [one.by for one in comes.coming], comes.active) == (None, [LENE], True)
    assert come(comes, LENE, NOW + STEP) == comes
    assert [one.by for one in come(comes, PER, NOW).coming] == [LENE, PER]
    over = ended(comes, NOW + STEP)
    assert isinstance(come(over, PER, NOW), Refused) and over.next_at is None and stepped(over, NOW + 9 * STEP) == over
    assert ended(over, NOW + 2 * STEP) == over
    late = come(stepped(call(), NOW + 9 * STEP), LENE, NOW)
    assert not late.unanswered


def test_it_is_open_until_somebody_wrote_what_happened_or_that_nothing_did():
    over = ended(call(), NOW)
    assert over.open and not written(over, reported=True).open and not written(over, reported=False).open
    assert call(happened="nothing").open


def test_the_place_is_told_briefly():
    assert placed(call(), "Lokale 214").where == "Lokale 214"
    assert isinstance(placed(call(), "x" * 201), Refused)


# -- who is told
def told(one, step, now=NOW):
    event = assist_requested(one.id, step, one.unit, one.kind, now)
    return [(n.to, n.role, n.urgency, n.due) for n in desk_notices.called(event, one, house(), now)]


def test_those_who_are_called_hear_at_once_by_night_too():
    one = stepped(call(), NOW + 9 * STEP)
    assert told(one, 1) == [(LENE, "leader", "now", NOW)]
    assert told(one, 3, NIGHT) == [(DUTY, "leader", "now", NIGHT)]
    assert told(one, 4) == [(IDA, "caseworker", "now", NOW), (PER, "caseworker", "now", NOW)]
    assert (
        told(one, 6) == [(LENE, "leader", "now", NOW)]
        and told(one, 7) == []
        and told(call(), 2) == []
        and told(ended(one, NOW), 1) == []
    )


# -- relief
def relief(**changes):
    base = {"id": "r-1", "wish": "hand_over", "case": "s-1", "citizen": "c-1", "unit": "bf", "asked_by": KAREN, "at": NOW}
    return Relief.model_validate(base | changes)


def answer(says="taken", to=PER, by=LENE, note=""):
    return Answer(says=says, to=to, by=by, note=note, at=NOW)


@pytest.mark.parametrize(
    ("one", "said", "refused"),
    [
        (relief(), answer(), None),
        (relief(), answer("other", None, note="Ida er med en tid."), None),
        (relief(), answer("no", None, note="Vi ser på det på mandag."), None),
        (relief(), answer("taken", None), "Vælg, hvem"),
        (relief(), answer("taken", "Karen@Eksempel.dk"), "Vælg en anden"),
        (relief(), answer("no", None, note=" "), "hvorfor ikke"),
        (relief(asked_by=LENE), answer(), "En anden leder"),
        (relief(answer=answer()), answer(), "allerede"),
    ],
)
def test_a_leader_answers_once_and_explains_a_no(one, said, refused):
    found = answered(one, said)
    assert refused in found.because.da if isinstance(found, Refused) else (refused is None and found.answer == said)


def test_of_relief_the_leader_hears_the_same_day_and_the_others_in_working_hours():
    asked = relief_asked("r-1", "bf", "s-1", "hand_over", NIGHT)
    assert [(n.to, n.kind, n.due) for n in desk_notices.relief_asked(asked, relief(), house(), NIGHT)] == [
        (LENE, "relief_asked", NIGHT)
    ]
    assert [n.to for n in desk_notices.relief_asked(asked, relief(asked_by=LENE), house(), NOW)] == [DEPUTY]
    assert [(n.to, n.role) for n in desk_notices.relief_asked(asked, relief(unit="gone"), house(), NOW)] == [
        ("postmaster@eksempel.dk", "it")
    ]
    morning = datetime(2026, 11, 24, 8, 0, tzinfo=CPH)
    said = relief_answered("r-1", "bf", "s-1", "taken", NIGHT)
    found = desk_notices.relief_answered(said, answered(relief(), answer()), house(), NIGHT)
    assert [(n.to, n.kind, n.due) for n in found] == [(KAREN, "relief_answered", morning), (PER, "case_given", morning)]


def test_law_9_a_notice_holds_no_word_that_anybody_wrote():
    head = Letterhead("rammevagt@eksempel.dk", "Eksempel Kommune", words("da"), words("en"))
    one = placed(call(), "Lokale 214")
    wish = answered(relief(why="Jeg kan ikke mere."), answer(note="Vi talte."))
    planned = [
        *desk_notices.called(assist_requested("a-1", 1, "bf", "leader", NOW), one, house(), NOW),
        *desk_notices.relief_asked(relief_asked("r-1", "bf", "s-1", "hand_over", NOW), wish, house(), NOW),
        *desk_notices.relief_answered(relief_answered("r-1", "bf", "s-1", "taken", NOW), wish, house(), NOW),
    ]
    assert len(planned) == 4
    for notice in planned:
        read = message_from_bytes(compose(notice, head, NOW), policy=policy.default)
        text = f"{read['Subject']} {read.get_content()}"
        assert (
            not any(word in text for word in ("214", "ikke mere", "Vi talte", "Bo Borger", "c-1", "$"))
            and notice.about.mail in text
        )
