"""What waits in a functional mailbox: how it is born, and what people and flags do with it."""

from dataclasses import replace
from datetime import datetime, time, timedelta

import pytest
from fakes.posts import BOX, CODE, TERMS, UNIT, ZONE, complaint, house, post

from workflows.people import Unit
from workflows.post import (
    DONE,
    HOW_ANSWERED,
    HOW_ENDED,
    MOST_NOTE,
    TAKEN,
    TOO_LONG,
    UNREAD,
    WHY_NO_REPLY,
    Clock,
    Owed,
    Terms,
    answered,
    code_of,
    done,
    flagged,
    hand_over,
    no_reply,
    read,
    replied,
    take,
)
from workflows.post_birth import posts_of, settled

AT = datetime(2026, 11, 23, 9, 0, tzinfo=ZONE)
LATER = AT + timedelta(hours=1)
KAREN, PER = "karen@eksempel.dk", "per@eksempel.dk"


def recipient(to=BOX, unit=UNIT.id, reason="framework_applies", action="redirect", address=KAREN):
    measure = "functional_mailbox" if action == "redirect" else None
    return {"address": address, "action": action, "deliver_to": [to], "unit": unit, "reason": reason, "measure": measure}


NO_RECEIPT = {"send": False, "to": None, "answer_by": None}


def receipt(answer_by):
    return {"send": True, "to": "bo@example.net", "answer_by": answer_by}


def born(*recipients, rights=(), level=None, sender="bo@example.net", at=AT, where=None, terms=None, receipt=NO_RECEIPT):
    decision = {
        "mail": {"id": "01m", "envelope_from": sender},
        "sender": {"citizen": "c-1"},
        "recipients": recipients or (recipient(),),
        "receipt": receipt,
    }
    assessment = {"signals": [{"kind": "threat", "level": level}] if level else [], "rights": list(rights)}
    return posts_of(decision, assessment, where or house(), terms or TERMS, at)


def local(instant):
    return instant.astimezone(ZONE).strftime("%m-%d %H:%M")


def test_a_mail_that_ends_in_a_functional_mailbox_waits_there_once():
    [one] = born(recipient(), recipient("BF-kontakt+sag@eksempel.dk"), recipient("lene@eksempel.dk"))
    assert (one.id, one.mail, one.mailbox, one.code, one.unit, one.citizen) == (f"01m.{CODE}", "01m", BOX, CODE, UNIT.id, "c-1")
    assert (local(one.due_read), local(one.due_answer), one.next_at) == ("11-23 13:00", "11-30 16:00", AT)
    assert one.clocks == () and not one.no_reply_owed and not one.red
    assert born(recipient("lene@eksempel.dk")) == ()


@pytest.mark.parametrize(
    ("promise", "to", "due"),
    [
        (receipt("2026-11-26"), BOX, "11-26 16:00"),  # earlier than the mailbox's own five working days
        (receipt("2026-12-02"), BOX, "11-30 16:00"),  # later: the mailbox's own counts
        (receipt("2026-11-26"), "BF-kontakt+sag@eksempel.dk", "11-26 16:00"),
        (receipt("2026-11-26"), "tek-kontakt@eksempel.dk", "11-30 16:00"),  # another mailbox has promised it
        (receipt("2026-11-26") | {"send": False}, BOX, "11-30 16:00"),  # nothing was sent
    ],
)
def test_what_a_receipt_promised_is_the_deadline_where_it_comes_first(promise, to, due):
    [one] = born(recipient(to), recipient(BOX, action="deliver", address=BOX), receipt=promise)
    assert local(one.due_answer) == due


@pytest.mark.parametrize(
    ("found", "looked_at"), [("09:00", "09:15"), ("09:13", "09:15"), ("09:14", "09:30"), ("09:15", "09:30"), ("23:50", "00:00")]
)
def test_what_is_late_when_it_is_found_is_told_of_together_at_the_next_quarter(found, looked_at):
    now = datetime.combine(AT, time.fromisoformat(found), ZONE)
    [old], [red] = born(at=AT - timedelta(days=9)), born(at=AT - timedelta(days=9), level="red")
    assert settled(old, now).next_at.strftime("%H:%M") == looked_at and settled(red, now) == red
    [new] = born(at=now)
    assert settled(new, now) == new


def test_those_from_whom_it_was_moved_are_spared():
    [one] = born(recipient(address="Karen+x@eksempel.dk"), recipient(address=BOX), recipient(action="deliver", address=PER))
    assert one.spared == (KAREN,)


def test_the_mailbox_has_terms_of_its_own():
    [one] = born(terms={BOX: Terms(CODE, None, unread_after_hours=8, answer_within_days=2)})
    assert (local(one.due_read), local(one.due_answer), one.unit) == ("11-24 09:00", "11-25 16:00", UNIT.id)


@pytest.mark.parametrize(
    ("unit", "owner", "expected"),
    [("skat", "bf", "skat"), ("teknik", "bf", "bf"), (None, "bf", "bf"), ("teknik", None, "teknik"), (None, None, None)],
)
def test_a_shared_mailbox_belongs_to_the_unit_that_the_mail_concerns(unit, owner, expected):
    skat = Unit(id="skat", name="Skat", leader="s@eksempel.dk", functional_mailbox=BOX.upper())
    teknik = Unit(id="teknik", name="Teknik", leader="t@eksempel.dk", functional_mailbox="t-kontakt@eksempel.dk")
    [one] = born(recipient(unit=unit), where=house(UNIT, None, skat, teknik), terms={BOX: Terms(CODE, owner)})
    assert one.unit == expected


@pytest.mark.parametrize("right", ["complaint", "hearing_reply", "urgent_help", "accessibility"])
def test_law_5_a_right_adds_urgency_it_is_read_on_the_same_working_day(right):
    [one] = born(rights=[right], at=AT.replace(hour=14))
    assert local(one.due_read) == "11-23 16:00"


def test_red_is_read_on_the_same_working_day():
    assert local(born(level="red", at=AT.replace(hour=14))[0].due_read) == "11-23 16:00"
    assert local(born(level="yellow", at=AT.replace(hour=14))[0].due_read) == "11-24 10:00"


def test_a_right_with_a_term_of_law_has_its_clock():
    [one] = born(rights=["complaint", "file_access", "application"])
    assert [(clock.right, local(clock.due)) for clock in one.clocks] == [
        ("complaint", "12-21 16:00"),
        ("file_access", "12-02 16:00"),
    ]
    assert [(owed.what, owed.right) for owed in one.owed()] == [
        ("read", None),
        ("answer", None),
        ("right", "file_access"),
        ("right", "complaint"),
    ]
    assert one.due_at == one.due_read


@pytest.mark.parametrize(
    ("how", "owed"),
    [
        ({"sender": ""}, False),
        ({"recipients": [recipient(reason="internal_sender")]}, False),
        ({"sender": "", "rights": ["complaint"]}, True),
        ({}, True),
    ],
)
def test_r10_what_nobody_need_answer_must_be_read_all_the_same(how, owed):
    recipients = how.pop("recipients", ())
    [one] = born(*recipients, **how)
    assert one.no_reply_owed is not owed and (one.due_answer is not None) is owed
    assert one.owed()[0] == Owed("read", one.due_read)


def test_a_mailbox_has_one_code_that_tells_no_address():
    code = code_of(b"key", "BF-Kontakt@eksempel.dk")
    assert code == code_of(b"key", BOX) != code_of(b"other", BOX) and code.startswith("m-") and len(code) == 14


# -- what people do
def test_one_takes_it_and_another_is_told():
    mine = take(post(), KAREN, LATER)
    assert (mine.taken_by, mine.taken_at, mine.next_at) == (KAREN, LATER, LATER)
    assert take(mine, PER, LATER) == TAKEN and take(mine, KAREN, LATER).taken_by == KAREN
    theirs = hand_over(mine, PER, LATER, "Jeg har ferie.")
    assert (theirs.taken_by, theirs.note) == (PER, "Jeg har ferie.")


def test_what_is_read_still_waits_for_an_answer():
    one = read(post(), LATER, "Ny adresse.")
    assert (one.read_at, one.read_how, one.note, one.done_at) == (LATER, "hand", "Ny adresse.", None)
    assert [owed.what for owed in one.owed()] == ["answer"]
    assert read(one, LATER + timedelta(hours=1)).read_at == LATER


def test_an_answer_by_hand_says_how():
    assert answered(post(), LATER, " ") == HOW_ANSWERED
    one = answered(replace(post(), taken_by=KAREN, taken_at=AT), LATER, "Ringet op.")
    assert (one.read_at, one.answered_how, one.done_at, one.done_how, one.next_at) == (LATER, "hand", LATER, "answered", None)
    assert one.owed() == () and one.due_at == one.arrived_at
    assert (one.taken_by, one.taken_at) == (None, None)  # nobody is measured


def test_an_answer_does_not_end_a_right_that_runs():
    one = answered(complaint(), LATER, "Kvitteret.")
    assert one.done_at is None and [owed.right for owed in one.owed()] == ["complaint"] and one.next_at == LATER
    assert done(one, LATER) == HOW_ENDED
    ended = done(one, LATER, "Klagen er sendt til Ankestyrelsen.")
    assert (ended.done_how, ended.note) == ("hand", "Kvitteret.\nKlagen er sendt til Ankestyrelsen.")


def test_r10_no_reply_can_only_be_owed_no_more_when_it_was_read():
    assert no_reply(post(), LATER, "Emnet er lukket.") == UNREAD and done(post(), LATER, "Færdig.") == UNREAD
    assert no_reply(read(post(), LATER), LATER, "") == WHY_NO_REPLY
    one = no_reply(read(post(), LATER), LATER, "Emnet er lukket.")
    assert (one.done_how, one.due_answer) == ("read", None)
    assert read(post(no_reply_owed=True, due_answer=None), LATER).done_how == "read"


def test_it_is_done_when_somebody_says_what_became_of_it():
    assert done(read(post(), LATER), LATER) == HOW_ENDED
    assert done(read(post(), LATER), LATER, "Sendt til Skat.").done_how == "hand"


@pytest.mark.parametrize(
    "tried",
    [
        lambda one: take(one, KAREN, LATER),
        lambda one: hand_over(one, KAREN, LATER),
        lambda one: answered(one, LATER, "Igen."),
        lambda one: no_reply(one, LATER, "Igen."),
        lambda one: done(one, LATER, "Igen."),
    ],
)
def test_what_is_done_stays_done(tried):
    assert tried(answered(post(), LATER, "Ringet op.")) == DONE


def test_a_note_is_bounded():
    assert read(post(), LATER, "x" * MOST_NOTE).note is not None
    assert read(post(), LATER, "x" * (MOST_NOTE + 1)) == TOO_LONG
    assert done(read(post(), LATER), LATER, "x" * (MOST_NOTE + 1)) == TOO_LONG


# -- what the mailbox tells
def test_flags_tell_what_people_did_in_their_mail_program():
    seen = flagged(post(), LATER, seen=True, answered=False)
    assert (seen.read_at, seen.read_how, seen.answered_at, seen.next_at) == (LATER, "flag", None, LATER)
    ended = flagged(seen, LATER, seen=True, answered=True)
    assert (ended.answered_how, ended.done_how) == ("flag", "answered")
    assert flagged(post(), LATER, seen=False, answered=True).read_how == "flag"


@pytest.mark.parametrize("one", [post(), read(post(), LATER), answered(post(), LATER, "Ja.")])
def test_a_flag_that_is_taken_away_takes_nothing_back(one):
    assert flagged(one, LATER + timedelta(hours=1), seen=False, answered=False) is one
    assert flagged(answered(post(), LATER, "Ja."), LATER, seen=True, answered=True).answered_how == "hand"


def test_a_right_runs_on_when_the_mail_program_says_answered():
    one = flagged(post(clocks=(Clock("child_concern", LATER),), rights=("child_concern",)), LATER, seen=True, answered=True)
    assert one.done_at is None and one.red


def test_an_answer_seen_on_its_way_counts_once():
    one = replied(post(), LATER)
    assert (one.answered_how, one.read_how, one.done_how) == ("outgoing", "outgoing", "answered")
    assert replied(one, LATER + timedelta(hours=1)) is one and replied(complaint(), LATER).done_at is None
