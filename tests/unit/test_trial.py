"""What a page tells of a trial: what its reader may see, the most urgent first, and no more than is shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from fakes.town import BOX, KAREN, MIA, NOW, PER, facts, mail, town

from workflows import trial
from workflows.backtest import Backtest, Tried, TriedMail
from workflows.decision import Sentence
from workflows.trial import overview

ORGANISATION = facts(town(), mail(KAREN)).organisation
BECAUSE = Sentence("Fordi.", "Because.")


def tried(n: int, *to: tuple[str, str], rights: tuple[str, ...] = ()) -> TriedMail:
    """A mail, with each recipient and where the draft would have it."""
    recipients = tuple(Tried(one, one, "no_framework", would, "x", BECAUSE, one != would) for one, would in to)
    return TriedMail(f"m{n}", NOW + timedelta(hours=n), recipients, False, False, False, rights)


def of(*mails: TriedMail, people=(), older_left_out=False) -> Backtest:
    return Backtest("f-1", "c-1", NOW.date(), mails, dict(people), older_left_out)


def test_those_with_rights_stand_first_and_then_the_newest() -> None:
    moves = (KAREN, BOX)
    mails = (
        tried(1, moves),
        tried(2, moves, rights=("complaint",)),
        tried(3, moves),
        tried(4, (KAREN, KAREN), rights=("deadline",)),
    )
    found = overview(of(*mails, older_left_out=True), ORGANISATION, None)
    assert [one.mail for one in found.shown] == ["m2", "m3", "m1"]
    assert (found.mails, found.moved, found.rights, found.hidden, found.elsewhere, found.older_left_out) == (4, 3, 1, 0, 0, True)


def test_of_mails_to_other_units_the_number_alone_is_told() -> None:
    mails = (tried(1, (KAREN, BOX)), tried(2, (MIA, BOX)), tried(3, (KAREN, KAREN), (MIA, BOX)), tried(4, ("x@y.dk", BOX)))
    weeks = {"2026-W48": (1, 0)}
    found = overview(of(*mails, people=((KAREN, weeks), (MIA, weeks), (BOX, weeks), ("x@y.dk", weeks))), ORGANISATION, {"bf"})
    assert [one.mail for one in found.shown] == ["m4", "m1"]
    assert (found.moved, found.elsewhere) == (4, 2)
    assert {name for name, _ in found.people} == {KAREN, BOX, "x@y.dk"}


def test_no_more_is_told_than_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "SHOWN", 1)
    monkeypatch.setattr(trial, "PEOPLE", 2)
    mails = (tried(1, (KAREN, BOX)), tried(2, (PER, BOX)))
    people = {KAREN: {"2026-W47": (2, 0), "2026-W48": (1, 3)}, PER: {"2026-W48": (1, 0)}, BOX: {"2026-W48": (0, 3)}}
    found = overview(of(*mails, people=people.items()), ORGANISATION, None)
    assert [one.mail for one in found.shown] == ["m2"] and found.hidden == 1
    assert found.people == ((KAREN, people[KAREN]), (BOX, people[BOX]))


def test_where_nothing_moves_nothing_is_shown() -> None:
    found = overview(of(tried(1, (KAREN, KAREN)), people={KAREN: {"2026-W48": (1, 1)}}.items()), ORGANISATION, None)
    assert (found.shown, found.people, found.moved) == ((), (), 0)


def test_where_nothing_moves_it_is_told_why_in_the_evaluators_words_of_what_one_may_see() -> None:
    other = Sentence("En anden grund.", "Another reason.")
    far = tried(3, (MIA, MIA))
    far = replace(far, recipients=(far.recipients[0]._replace(explanation=other),))
    mails = (tried(1, (KAREN, KAREN), (PER, PER)), far)
    assert overview(of(*mails), ORGANISATION, None).stayed == ((BECAUSE, 2), (other, 1))
    assert overview(of(*mails), ORGANISATION, {"bf"}).stayed == ((BECAUSE, 2),)
    assert overview(of(*mails, tried(4, (KAREN, BOX))), ORGANISATION, None).stayed == ()
