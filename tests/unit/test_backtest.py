"""Trying a framework on past mail: the same evaluator, and the same answers where nothing has changed (law 7)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fakes.town import BO, BOX, CPH, IDA, KAREN, MAILBOX, MAIN, MIA, PASS, PER, POLICY, facts, framework, mail, town
from hypothesis import given
from hypothesis import strategies as st

from workflows.addresses import normalise
from workflows.backtest import Background, Handled, Version, backtest, in_trial, next_in_force, replay
from workflows.decide import decide
from workflows.dossier import Dossier, Proposal, Step
from workflows.framework import ContactFramework, State
from workflows.mail import Headers
from workflows.mends import header_block, mend
from workflows.reading import read_headers
from workflows.receipt import ONCE_IN
from workflows.register import Register
from workflows.replay import kept, outcome_of, restored

CORPUS = Path(__file__).parents[2] / "../shared/corpora/mail"
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
AUTHENTIC = {"authentication_results": (PASS,)}


def lived(register: Register, mails, clock_wrong=False) -> list[Handled]:
    """What the guard would have recorded of ``mails``, each (mail, instant), with the receipts that it sent."""
    sent, handled = {}, []
    for n, (one, at) in enumerate(mails):
        one = one._replace(id=f"m{n}")
        sender = normalise(one.envelope.sender)
        seen = facts(register, one)._replace(last_receipt=sent.get(sender), clock_wrong=clock_wrong)
        decision = decide(one, seen, at)
        if decision.receipt.send:
            sent[sender] = at
        again = restored(kept(one, seen), id=one.id, sha256=one.sha256, received_at=at)
        handled.append(Handled(again, decision.wire()))
    return handled


def background(register: Register, handled, since=datetime(2026, 1, 1, tzinfo=UTC)) -> Background:
    files = {one.written_from: facts(register, one.replay.mail).files for one in handled}
    return Background(
        POLICY, facts(register, mail(KAREN)).organisation, files, {one.id: [Version(since, one)] for one in register.frameworks}
    )


def draft(**changes) -> ContactFramework:
    return ContactFramework.model_validate(framework(id="f-new", state="draft") | changes)


def tried(register: Register, mails, what: ContactFramework):
    handled = lived(register, mails)
    return backtest(what, handled, background(register, handled), MONDAY.date())


HEADER = {
    "authentication_results": st.sampled_from([(), (PASS,), ("mx.eksempel.dk; dmarc=fail header.from=example.net",)]),
    "reply_to": st.sampled_from([(), (BO,), ("anden@example.com",)]),
    "from_fields": st.sampled_from([1, 1, 1, 2]),
    "auto_submitted": st.sampled_from([None, "no", "auto-replied"]),
    "precedence": st.sampled_from([None, "bulk"]),
    "auto_response_suppress": st.sampled_from([None, "oof, dr"]),
    "list_fields": st.sampled_from([(), ("list-id",)]),
    "content_type": st.sampled_from([None, "text/plain", "multipart/report"]),
    "received_count": st.sampled_from([1, 51]),
    "unreadable": st.sampled_from([(), ("from",)]),
    "reply_to_unreadable": st.booleans(),
    "message_id": st.sampled_from([None, "<\udc80\0ø@example.net>"]),
    "in_reply_to": st.just("<x@y>"),
    "references": st.just(("<x@y>",)),
    "return_path": st.just(""),
    "sender": st.just("x@y"),
}
MAILS = st.lists(
    st.tuples(
        st.lists(st.sampled_from([KAREN, PER, IDA, MIA, BOX, "dpo@eksempel.dk", "k+\udcff@eksempel.dk"]), min_size=1, max_size=3),
        st.sampled_from([BO, BO, BO, "bo.b@example.org", "ada@advokat.example", "eva@example.net"]),
        st.sampled_from([None, None, "", "noreply@example.net"]),
        st.fixed_dictionaries(HEADER),
        st.integers(min_value=1, max_value=12 * 24 * 3600),
    ),
    min_size=1,
    max_size=6,
)
FRAMEWORKS = st.lists(
    st.sampled_from(
        [
            framework(),
            framework(id="f-0", scope={"units": ["bf"]}, observe=True),
            framework(id="f-2", scope={"municipality": True}, approved_by=MIA, starts="2026-11-25", measures=[MAILBOX]),
            framework(id="f-3", measures=[{"kind": "changed_caseworker", "from": IDA, "to": PER}], suspended=True),
        ]
    ),
    unique_by=lambda one: one["id"],
)


@given(written=MAILS, frameworks=FRAMEWORKS, clock_wrong=st.booleans())
def test_law_7_with_the_register_as_it_was_each_decision_is_the_recorded_one(written, frameworks, clock_wrong) -> None:
    register, at, mails = town(*frameworks), MONDAY, []
    for to, sender, envelope, headers, seconds in written:
        at += timedelta(seconds=seconds)
        one = mail(*to, sender=sender, envelope=sender if envelope is None else envelope)
        mails.append((one._replace(headers=one.headers._replace(**headers)), at))
    handled = lived(register, mails, clock_wrong)
    assert [one.wire() for one in replay(handled, background(register, handled))] == [one.decision for one in handled]


def test_law_7_holds_for_real_and_broken_mails() -> None:
    if not CORPUS.is_dir():
        pytest.skip("needs ../shared/corpora/mail")
    found = 0
    for file in sorted(one for one in CORPUS.rglob("*") if one.is_file()):
        headers = read_headers(header_block(mend(file.read_bytes())))
        sender = next(iter(headers.from_addresses), BO)
        if not re.fullmatch(r"[^@\s]+@[^@\s]+", sender):
            continue
        register = town(framework(), citizens=[{"id": "c-1", "name": "Bo", "addresses": [sender]}])
        one = mail(KAREN, PER, sender=sender)._replace(headers=headers)
        handled = lived(register, [(one, MONDAY), (one, MONDAY + timedelta(minutes=1))])
        assert [one.wire() for one in replay(handled, background(register, handled))] == [one.decision for one in handled], file
        found += handled[0].decision["sender"]["citizen"] == "c-1"
    assert found > 100


def test_a_draft_shows_what_would_have_gone_elsewhere() -> None:
    mails = [
        (mail(KAREN, PER, **AUTHENTIC), MONDAY),
        (mail(PER), MONDAY + timedelta(days=7)),
        (mail(KAREN, sender="ada@advokat.example"), MONDAY),
    ]
    found = tried(town(), sorted(mails, key=lambda one: one[1]), draft())
    assert [one.mail for one in found.moved] == ["m0"]
    first, second = found.moved[0].recipients
    assert (first.was, first.was_reason, first.would, first.reason) == (KAREN, "no_framework", BOX, "framework_applies")
    assert (second.was, second.would, second.moved) == (PER, PER, False)
    assert found.people[KAREN] == {"2026-W48": (2, 1)}
    assert found.people[BOX] == {"2026-W48": (0, 1)}
    assert found.people[PER] == {"2026-W48": (1, 1), "2026-W49": (1, 1)}
    assert not any(one.register_changed for one in found.mails)


def test_what_is_urgent_for_the_law_is_counted_by_its_marker() -> None:
    handled = lived(town(), [(mail(KAREN), MONDAY), (mail(PER), MONDAY)])
    handled = [replace(one, rights=("complaint", "deadline"), signals=(("tone", "yellow"),)) for one in handled]
    found = backtest(draft(), handled, background(town(), handled), MONDAY.date())
    assert (found.rights(), found.signals()) == ({"complaint": 1, "deadline": 1}, {"tone": 1})
    wire = found.wire(CPH)
    assert (wire["mails"], wire["elsewhere"], wire["rights_mails"]) == (2, 1, ["m0"])
    assert wire["decided"][0]["recipients"][0]["explanation"]["da"].startswith("Efter ramme f-new går mailen til")


@pytest.mark.parametrize(
    "state",
    [
        {"state": "draft"},
        {"state": "hearing", "suspended": True},
        {"observe": True},
        {"state": "urgent"},
        {"starts": None, "ends": None, "review": None},
        {"starts": "2030-01-01", "ends": "2030-02-01"},
        {"starts": "2020-01-01", "ends": "2020-02-01"},
    ],
)
def test_it_is_tried_as_if_in_force_whatever_its_state_and_dates(state) -> None:
    assert len(tried(town(), [(mail(KAREN), MONDAY), (mail(KAREN), MONDAY + timedelta(days=80))], draft(**state)).moved) == 2


def test_its_own_older_version_is_replaced_and_the_others_stay() -> None:
    own = draft(measures=[{"kind": "fixed_contact", "contact": PER}])
    register = town(
        framework(id="f-new"), framework(id="f-9", scope={"units": ["bf"]}, measures=[{"kind": "fixed_contact", "contact": MIA}])
    )
    found = tried(register, [(mail(KAREN, IDA), MONDAY)], own)
    assert [(one.was, one.would) for one in found.mails[0].recipients] == [(BOX, PER), (MIA, MIA)]


@pytest.mark.parametrize(("starts", "would"), [("2026-11-01", PER), ("2026-11-10", BOX), ("2027-01-01", BOX), (None, BOX)])
def test_it_wins_over_what_began_before_it_and_loses_to_what_began_after(starts, would) -> None:
    other = framework(id="f-a", measures=[{"kind": "fixed_contact", "contact": PER}], starts="2026-11-05")
    [one] = tried(town(other), [(mail(KAREN), MONDAY)], draft(starts=starts)).mails
    assert one.recipients[0].would == would


def test_receipts_are_rebuilt_on_the_way() -> None:
    days = [MONDAY + timedelta(days=n) for n in (0, 1, 6, 7, 8)]
    found = tried(town(), [(mail(KAREN, **AUTHENTIC), at) for at in days], draft())
    assert [(one.receipt_was, one.receipt) for one in found.mails] == [(False, one) for one in (True, False, False, True, False)]


def test_a_receipt_from_before_the_first_mail_still_counts() -> None:
    handled = lived(town(), [(mail(KAREN, **AUTHENTIC), MONDAY), (mail(KAREN, **AUTHENTIC), MONDAY + timedelta(days=2))])
    before = MONDAY - ONCE_IN + timedelta(days=1)
    handled = [replace(one, replay=one.replay._replace(last_receipt=before)) for one in handled]
    found = backtest(draft(), handled, background(town(), handled), MONDAY.date())
    assert [one.receipt for one in found.mails] == [False, True]


def test_frameworks_are_as_they_were_at_each_mail() -> None:
    register = town(framework())
    mails = [(mail(KAREN), MONDAY + timedelta(hours=n)) for n in range(3)]
    old, new = register.frameworks[0], register.frameworks[0].model_copy(update={"state": State.LIFTED})
    handled = [
        lived(town(*each), [one])[0] for each, one in zip([(), (framework(),), (framework(state="lifted"),)], mails, strict=True)
    ]
    back = background(register, handled)
    back = replace(back, history={"f-1": [Version(mails[1][1], old), Version(mails[2][1], new)]})
    assert [one.wire() for one in replay(handled, back)] == [one.decision for one in handled]


def test_what_the_register_changed_is_told_and_not_counted_as_moved() -> None:
    handled = lived(town(framework()), [(mail(KAREN), MONDAY)])
    found = backtest(draft(scope={"cases": ["s-9"]}), handled, background(town(), handled), MONDAY.date())
    [one] = found.mails
    assert (one.register_changed, one.moved, one.recipients[0].was, one.recipients[0].would) == (True, False, BOX, KAREN)


def test_in_trial_is_one_day_long() -> None:
    one = in_trial(draft(observe=True), MONDAY.date())
    assert (one.state, one.observe, one.ends) == (State.ACTIVE, False, MONDAY.date())


def step(by: str) -> Step:
    return Step.model_validate({"record": {"move": "drafted"}, "by": by, "at": MONDAY})


def test_law_7_a_draft_for_the_whole_municipality_moves_what_it_moves_once_it_is_decided() -> None:
    """Where a recipient's unit has no mailbox, mail goes to the decider's: on trial, to that of the leader who drafts it."""
    wide = draft(scope={"municipality": True}, decided_by=None)
    units = [one for one in town().model_dump(mode="json")["units"] if one["id"] == "bf"]
    units += [{"id": "tek", "name": "Teknik", "leader": MIA}]
    register = town(units=units)
    tried_, decided = (
        next_in_force(Dossier(framework=wide, steps=(step("lene@eksempel.dk"),))),
        wide.model_copy(update={"decided_by": "lene@eksempel.dk"}),
    )
    for one in (tried_, decided):
        [found] = tried(register, [(mail(MIA), MONDAY)], one).mails
        assert found.recipients[0].would == BOX


def test_what_would_follow_is_tried_as_whoever_proposes_it_decides() -> None:
    one = Dossier(framework=draft(state="urgent"), successor=draft(decided_by=None), steps=(step("lene@eksempel.dk"),))
    assert next_in_force(one).decided_by == "lene@eksempel.dk"
    proposal = Proposal.model_validate({"record": {"move": "decided"}, "by": IDA, "at": MONDAY})
    assert next_in_force(one.model_copy(update={"submitted": proposal})).decided_by == IDA
    assert next_in_force(one.model_copy(update={"steps": ()})).decided_by == one.framework.decided_by
    assert next_in_force(one.model_copy(update={"successor": None})) == one.framework


def test_a_mail_has_one_outcome() -> None:
    register = town(framework(), framework(id="f-o", scope={"units": ["tek"]}, observe=True))
    found = [outcome_of(decide(one, facts(register, one), MONDAY)) for one in (mail(KAREN, PER), mail(PER), mail(PER, MIA))]
    assert found == ["redirected", "delivered", "observed"]


def test_nothing_is_kept_that_deciding_never_reads() -> None:
    one = mail(KAREN)._replace(headers=Headers(in_reply_to="<a@b>", references=("<c@d>",), return_path="e@f", sender="g@h"))
    assert not re.search("a@b|c@d|e@f|g@h", kept(one, facts(town(), one)))


def test_all_that_was_known_beside_the_register_is_kept() -> None:
    home = "rv-x@rammevagt.eksempel.dk"
    one = mail(home, KAREN)._replace(id="m1")
    seen = facts(town(framework()), one)._replace(returns={home: MAIN}, last_receipt=MONDAY)
    seen = seen._replace(snapshot_expired=True, receipts_known=False)
    again = restored(kept(one, seen), id="m1", sha256=one.sha256, received_at=MONDAY)
    assert again.facts(seen.policy, seen.organisation, seen.files) == seen
    assert again.mail == one
    assert decide(again.mail, seen, MONDAY) == decide(one, seen, MONDAY)
