"""Who is told what, when. The words are the installed ones."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from fakes.town import BO, BOX, CPH, IDA, KAREN, MAIN, NOW, PER, POLICY, facts, framework, mail, town

from services.gather import facts_from_register
from services.notice_texts import letterhead
from services.settings import Settings
from workflows import notice_rules, notices, receipt_notices, stuck_notices
from workflows.decide import decide
from workflows.events import mail_decided
from workflows.mail import Mail
from workflows.notice_mail import RULE, brief, compose, to_do
from workflows.notices import House
from workflows.people import Employee

LENE = "lene@eksempel.dk"
HEAD = letterhead(Settings())
KINDS = (("threat", "red"), ("insult", "yellow"), ("criticism", "grey"))
RED, YELLOW, GREY = ([{"kind": kind, "level": level}] for kind, level in KINDS)


def planned(register, one, signals=(), rights=(), now=NOW, policy=POLICY, **more):
    given = facts(register, one)
    decision = decide(Mail(one.sha256, one.envelope, one.headers, id="01mail"), given, now).wire()
    house = House(given.organisation, policy)
    return notices.plan(decision, signals=signals, rights=rights, house=house, now=now, files=given.files, **more)


def told(*args, **more):
    return {(one.to, one.role, one.urgency, one.kind) for one in planned(*args, **more)}


def read(notice):
    found = email.message_from_bytes(compose(notice, HEAD, NOW), policy=email.policy.default)
    return found, found.get_content()


@pytest.mark.parametrize(
    ("signals", "rights", "leader", "caseworker"),
    [
        ((), (), "same_day", "working_hours"),
        (GREY, (), "same_day", "working_hours"),
        (YELLOW, (), "same_day", "same_day"),
        (RED, (), "now", "same_day"),
        ((), ("complaint",), "same_day", "same_day"),
    ],
)
def test_a_redirected_mail_is_told_to_its_caseworker_and_the_leader(signals, rights, leader, caseworker):
    assert told(town(framework()), mail(KAREN), signals, rights) == {
        (LENE, "leader", leader, "redirected_leader"),
        (KAREN, "caseworker", caseworker, "redirected"),
    }


def test_mail_that_no_framework_moves_is_told_to_nobody():
    assert told(town(), mail(KAREN), GREY, ("complaint",)) == set()


def test_a_red_signal_in_mail_as_addressed_is_told_to_the_leader_alone():
    assert told(town(), mail(KAREN, sender="x@example.com"), RED) == {(LENE, "leader", "now", "signal_leader")}
    for box in (BOX, MAIN, "BF-kontakt+sag@eksempel.dk"):  # what comes to a unit's own mailbox concerns that unit
        assert told(town(), mail(box, sender="x@example.com"), RED) == {(LENE, "leader", "now", "signal_leader")}


def test_a_yellow_signal_in_mail_as_addressed_is_the_leaders_the_same_day():
    [one] = planned(town(), mail(KAREN), YELLOW)
    assert (one.to, one.role, one.urgency, one.kind, one.due) == (LENE, "leader", "same_day", "signal_leader", NOW)
    subject, text = read(one)[0]["Subject"], read(one)[1]
    assert "bør ses i dag" in subject and "Overvej, om det skal registreres" in text and "grov tone" in text
    assert told(town(), mail(KAREN, sender=PER), YELLOW) == set()


@pytest.mark.parametrize(
    ("way", "signals", "urgency"),
    [
        ("digest", YELLOW, "digest"),
        ("none", YELLOW, None),
        ("digest", [*YELLOW, {"kind": "exposure", "level": "yellow"}], "same_day"),  # the most pressing counts
        ("none", [*RED, *YELLOW], "now"),
        ("digest", [{"kind": "insult", "level": "red"}], "now"),  # red is always told at once
    ],
)
def test_a_municipality_says_how_leaders_hear_of_a_yellow_kind(way, signals, urgency):
    """The next working morning is the one after the mail came."""
    own = replace(POLICY, yellow={"insult": way})
    found = planned(town(), mail(KAREN), signals, policy=own)
    assert [one.urgency for one in found] == ([urgency] if urgency else [])
    if urgency == "digest":
        assert found[0].due == datetime(2026, 11, 24, 8, 0, tzinfo=CPH)
        [early] = planned(town(), mail(KAREN), signals, policy=own, now=datetime(2026, 11, 28, 6, 0, tzinfo=CPH))
        assert early.due == datetime(2026, 11, 30, 8, 0, tzinfo=CPH)  # a Saturday


def test_what_is_not_told_of_is_not_told_beside_a_moved_mail_either():
    own = replace(POLICY, yellow={"insult": "none"})
    found = planned(town(framework()), mail(KAREN), YELLOW, policy=own)
    assert {(one.to, one.urgency, one.about.signals) for one in found} == {(LENE, "same_day", ()), (KAREN, "working_hours", ())}


WRITING = {"kind": "written_only"}
MEETING = {"noted": ("invitation",)}


def test_an_invitation_under_written_only_is_told_to_the_leader_as_a_request_to_meet():
    moves = town(framework(measures=[{"kind": "functional_mailbox"}, WRITING]))
    leader = next(one for one in planned(moves, mail(KAREN), **MEETING) if one.role == "leader")
    assert leader.kind == "redirected_leader" and "indkalder til et møde" in read(leader)[1]
    stays = town(framework(measures=[WRITING]))
    (asked,) = planned(stays, mail(KAREN), **MEETING)
    assert (asked.to, asked.kind, asked.urgency) == (LENE, "meeting_asked", "same_day")
    _, text = read(asked)
    assert "svar på skrift" in " ".join(text.split()) and "answer in writing" in " ".join(text.split())


def test_beside_a_red_signal_the_leader_gets_one_notice_of_both():
    stays = town(framework(measures=[WRITING]))
    (alarm,) = planned(stays, mail(KAREN), RED, **MEETING)
    assert alarm.kind == "signal_leader" and "indkalder til et møde" in read(alarm)[1]


def test_an_invitation_is_no_news_where_people_may_meet():
    for measures in ([{"kind": "functional_mailbox"}], [{"kind": "fixed_contact", "contact": KAREN}]):
        for one in planned(town(framework(measures=measures)), mail(KAREN), **MEETING):
            assert one.kind != "meeting_asked" and "møde" not in read(one)[1]
    assert told(town(), mail(KAREN), **MEETING) == set()
    assert told(town(framework(measures=[WRITING], state="lifted")), mail(KAREN), **MEETING) == set()
    assert told(town(framework(measures=[WRITING])), mail(KAREN, sender="x@example.com"), **MEETING) == set()
    assert told(town(framework(measures=[WRITING])), mail(KAREN)) == set()


def test_a_red_signal_in_mail_between_employees_or_from_authorities_is_theirs():
    for sender in (PER, "a@ombudsmanden.dk"):
        assert told(town(), mail(KAREN, sender=sender), RED) == set()


def test_a_caseworker_is_told_in_working_hours_and_the_leader_at_once():
    saturday = datetime(2026, 11, 28, 22, 0, tzinfo=CPH)
    due = {one.role: one.due for one in planned(town(framework()), mail(KAREN), RED, now=saturday)}
    assert due == {"leader": saturday, "caseworker": datetime(2026, 11, 30, 8, 0, tzinfo=CPH)}
    assert {one.due for one in planned(town(framework()), mail(KAREN))} == {NOW}


def test_one_person_gets_one_notice_about_a_mail():
    """Two of Karen's addresses, and a leader who leads two of the recipients."""
    register = town(
        framework(scope={"units": ["bf"]}),
        employees=[
            {"address": KAREN, "name": "K", "unit": "bf", "aliases": ["kk@eksempel.dk"]},
            {"address": PER, "name": "P", "unit": "bf"},
        ],
    )
    found = planned(register, mail(KAREN, "KK@eksempel.dk", PER))
    assert sorted(one.to for one in found) == [KAREN, LENE, PER]
    assert next(one for one in found if one.to == LENE).about.people == (KAREN, PER)


def test_a_leader_who_is_the_recipient_too_gets_the_leaders_notice_alone():
    register = town(framework(), cases=[{"id": "s-1", "citizen": "c-1", "unit": "bf", "caseworker": LENE}])
    assert told(register, mail(LENE)) == {(LENE, "leader", "same_day", "redirected_leader")}


def test_without_a_person_as_leader_the_deputy_is_told():
    unit = {"id": "bf", "name": "B", "leader": MAIN, "deputy": IDA, "functional_mailbox": BOX, "main_mailbox": MAIN}
    assert {one.to for one in planned(town(framework(), units=[unit]), mail(KAREN))} == {KAREN, IDA}


def test_a_mailbox_is_never_told():
    register = town(framework(), cases=[{"id": "s-1", "citizen": "c-1", "unit": "bf", "caseworker": BOX}])
    assert {BOX, MAIN}.isdisjoint(one.to for one in planned(register, mail(BOX), RED))


@pytest.mark.parametrize("to", ["nyansat@eksempel.dk", "dpo@eksempel.dk"])
def test_red_to_somebody_whom_nobody_leads_is_told_to_operations_without_a_word_of_the_address(to):
    [found] = planned(town(), mail(to, sender="x@example.com"), RED)
    assert (found.to, found.role, found.urgency, found.kind) == ("postmaster@eksempel.dk", "it", "now", "signal_unled")
    assert to not in read(found)[1] and "rammevagt explain 01mail" in read(found)[1]
    assert planned(town(), mail(to, sender="x@example.com"), YELLOW) == ()
    it = [*town().model_dump()["employees"], {"address": "drift@eksempel.dk", "name": "D", "unit": "bf", "role": "it"}]
    assert told(town(employees=it), mail(to, KAREN, sender="x@example.com"), RED) == {
        ("drift@eksempel.dk", "it", "now", "signal_unled"),
        (LENE, "leader", "now", "signal_leader"),
    }


def test_an_address_that_a_sender_made_up_is_told_nothing():
    everywhere = framework(scope={"municipality": True}, measures=[{"kind": "functional_mailbox", "mailbox": BOX}])
    assert {one.to for one in planned(town(everywhere), mail("lene-er-dum@eksempel.dk"), RED)} == {"postmaster@eksempel.dk"}


def test_a_probable_sender_with_a_framework_is_a_question_asked_once():
    one = mail(KAREN, sender="bo.b@example.org")
    (question,) = planned(town(framework()), one)
    assert (question.to, question.kind, question.urgency, question.role) == (LENE, "identity_question", "same_day", "leader")
    (later,) = planned(town(framework()), mail(PER, sender="bo.b@example.org"), now=NOW + timedelta(days=3))
    assert question.dedupe == later.dedupe and "bo.b" not in question.dedupe


def test_a_probable_sender_without_a_framework_in_force_is_no_question():
    assert told(town(framework(state="draft")), mail(KAREN, sender="bo.b@example.org")) == set()
    assert told(town(), mail(KAREN, sender="bo.b@example.org")) == set()


def test_a_caseworker_with_another_open_case_is_a_question_asked_once():
    cases = [{"id": f"s-{n}", "citizen": "c-1", "unit": "bf", "caseworker": KAREN} for n in (1, 2)]
    (question,) = planned(town(framework(), cases=cases), mail(KAREN))
    assert (question.to, question.kind, question.dedupe) == (LENE, "other_case_question", "other-case:f-1:s-1")


def test_wire_form():
    assert planned(town(framework()), mail(KAREN))[1].wire() == {"to": KAREN, "role": "caseworker", "urgency": "working_hours"}


def _house(*extra):
    given = facts_from_register(town(), POLICY, (), mail(KAREN))
    for one in extra:
        given.organisation.employees[one.address] = one
    return House(given.organisation, POLICY)


DATA = {"mail": "01mail", "delivery": "01d", "unit": "bf", "framework": "f-1"}


def test_a_mailbox_that_takes_nothing_is_told_to_the_leader_by_event():
    (one,) = stuck_notices.mailbox_unreachable("e1", DATA, _house(), NOW)
    assert (one.to, one.due, one.dedupe) == (LENE, NOW, f"notice:e1:{LENE}")
    assert stuck_notices.mailbox_unreachable("e1", {**DATA, "unit": None}, _house(), NOW) == ()


def test_a_stuck_mail_is_told_to_leader_and_operations():
    assert [one.to for one in stuck_notices.mail_stuck("e1", DATA, _house(), NOW)] == [LENE, "postmaster@eksempel.dk"]
    it = Employee(address="drift@eksempel.dk", name="D", unit="tek", role="it")
    assert [one.to for one in stuck_notices.mail_stuck("e1", {**DATA, "unit": None}, _house(it), NOW)] == ["drift@eksempel.dk"]


def test_a_citizen_without_a_receipt_is_told_to_the_leader_else_to_operations():
    (one,) = receipt_notices.undelivered("e1", DATA, _house(), NOW)
    assert (one.to, one.role, one.dedupe) == (LENE, "leader", f"notice:e1:{LENE}")
    (one,) = receipt_notices.undelivered("e1", {**DATA, "unit": None}, _house(), NOW)
    assert (one.to, one.role) == ("postmaster@eksempel.dk", "it")


def every_kind():
    cases = [{"id": f"s-{n}", "citizen": "c-1", "unit": "bf", "caseworker": KAREN} for n in (1, 2)]
    yield from planned(town(framework()), mail(KAREN), RED, ("complaint", "application"))
    yield from planned(town(framework()), mail(KAREN), YELLOW)
    yield from planned(town(framework(scope={"units": ["bf"]})), mail(KAREN, PER))
    yield from planned(town(), mail(KAREN), RED)
    yield from planned(town(), mail("nyansat@eksempel.dk"), RED)
    yield from planned(town(framework()), mail(KAREN, sender="bo.b@example.org"))
    yield from planned(town(framework(), cases=cases), mail(KAREN))
    yield from stuck_notices.mailbox_unreachable("e1", DATA, _house(), NOW)
    yield from stuck_notices.mail_stuck("e1", {**DATA, "unit": None}, _house(), NOW)
    yield from receipt_notices.undelivered("e1", DATA, _house(), NOW)
    for about in planned(town(), mail(KAREN), RED):
        yield from stuck_notices.failed("notice_untold", about, _house(), NOW)
        yield from stuck_notices.failed("notice_unopened", replace(about, urgency="same_day"), _house(), NOW)
    for why in filter(None, stuck_notices.STUCK):
        yield from stuck_notices.mail_stuck("e1", {**DATA, "why": why}, _house(), NOW)


@pytest.mark.parametrize("notice", list(every_kind()), ids=lambda one: f"{one.kind}-{one.role}-{one.urgency}")
def test_law_9_a_notice_is_a_calm_mail_without_a_word_of_what_came(notice):
    found, text = read(notice)
    danish, english = text.split(RULE)
    assert found["Auto-Submitted"] == "auto-generated" and found["X-Auto-Response-Suppress"] == "All"
    assert found["From"].addresses[0].addr_spec == "rammevagt@eksempel.dk" and found["To"].addresses[0].addr_spec == notice.to
    assert danish.startswith("Hej") and "Rammevagt" in danish and "In English" in english
    for hidden in (BO, "bo.b@example.org", "Bo Borger", "example.net", "$", "None", "()"):
        assert hidden not in text and hidden not in found["Subject"]
    for avoided in ("blokeret", "sortliste", "karantæne", "kværulant", "besværlig", "spam"):
        assert avoided not in danish.lower()


def test_law_9_what_a_sender_writes_into_a_recipient_is_not_repeated():
    for notice in planned(town(framework()), mail("karen+du-er-en-nar@eksempel.dk"), RED):
        assert "nar@" not in read(notice)[1] and KAREN in (notice.to, *notice.about.people)


def test_law_9_a_caseworker_is_not_told_what_was_seen():
    _, worker = planned(town(framework()), mail(KAREN), RED, ("complaint",))
    text = read(worker)[1]
    assert "trussel" not in text and "klage" not in text and "Du skal ikke gøre noget" in text


def test_a_notice_tells_what_came_what_was_done_what_is_expected_and_who_has_it():
    leader, worker = (read(one)[1] for one in planned(town(framework()), mail(KAREN)))
    for part in ("sag s-1", "23. november 2026 kl. 10.00", BOX, "Du skal ikke gøre noget", LENE, "01mail", "Eksempel Kommune"):
        assert part in worker
    assert KAREN in leader and "f-1" in leader and BOX in leader


def test_red_says_so_to_the_leader_and_names_the_signs():
    leader = planned(town(framework()), mail(KAREN), RED, ("complaint",))[0]
    found, text = read(leader)
    assert found["Subject"].startswith("Se på det nu") and "ring 112" in text and "en mulig trussel" in text and "en klage" in text


@pytest.mark.parametrize(
    ("size", "attachments", "said"),
    [
        (900, 0, "Mailen fylder 1 kB og har ingen vedhæftede filer."),
        (12_345, 1, "Mailen fylder 13 kB og har én vedhæftet fil."),
        (2_345_678, 3, "Mailen fylder 2,3 MB og har 3 vedhæftede filer."),
    ],
)
def test_how_much_came_is_told_in_figures(size, attachments, said):
    leader, worker = planned(town(framework()), mail(KAREN), figures={"size": size, "attachments": attachments, "words": 9})
    assert said in read(leader)[1] and said in read(worker)[1]
    assert said in brief([worker], HEAD, "", "da")[1]
    assert "MB and has" in read(leader)[1] or size < 1_000_000


def test_of_a_mail_that_could_not_be_read_no_figures_are_told():
    assert "fylder" not in read(planned(town(framework()), mail(KAREN))[0])[1]


def test_red_says_first_the_one_thing_to_do_by_mail_and_in_a_chat():
    red, calm = (planned(town(framework()), mail(KAREN), signals)[0] for signals in (RED, ()))
    danish, english = read(red)[1].split(RULE)
    assert danish.index("Læs mailen nu") < danish.index("Der kom en mail")
    assert english.index("Please read the mail now") < english.index("A mail")
    assert brief([red], HEAD, "", "da")[1].startswith("Læs mailen nu")
    danish = read(calm)[1].split(RULE)[0]
    assert danish.index("Der kom en mail") < danish.index("Mailen skal læses")


def test_who_may_be_shaken_is_told_what_to_do():
    leader, worker = planned(town(framework()), mail(KAREN), RED)
    assert "Er du rystet" in read(worker)[1] and "Hjælp lige nu" in read(leader)[1]
    assert "rystet" not in read(planned(town(framework()), mail(KAREN))[0])[1]  # a leader whose mail holds nothing to see


def test_what_there_is_to_do_is_told_without_a_name():
    for one in every_kind():
        said = to_do(one, HEAD.danish)
        assert said is None or not any(name in said for name in (*one.about.people, *one.about.where, *one.about.cases, "$"))
    red = planned(town(framework()), mail(KAREN), RED)[0]
    assert to_do(red, HEAD.danish).startswith("Læs mailen nu")


def test_a_notice_made_twice_has_the_same_message_id_and_every_notice_its_own():
    first, second = planned(town(framework()), mail(KAREN))
    ids = [
        email.message_from_bytes(compose(one, HEAD, at))["Message-ID"] for one in (first, second) for at in (NOW, datetime.now(UTC))
    ]
    assert ids[0] == ids[1] != ids[2] == ids[3]


def test_every_sign_and_right_of_the_contract_has_words():
    from typing import get_args

    from workflows.signals.rules import Kind, Right

    for text in (HEAD.danish, HEAD.english):
        assert set(get_args(Kind)) == set(text.words["signals"]) and set(get_args(Right)) == set(text.words["rights"])


def test_an_employee_with_letters_in_the_address_gets_a_mail_too():
    register = town(
        framework(decided_by="lene@eksempel.dk"),
        cases=[{"id": "s-1", "citizen": "c-1", "unit": "bf", "caseworker": "søs@eksempel.dk"}],
    )
    worker = planned(register, mail("søs@eksempel.dk"))[1]
    assert worker.to == "søs@eksempel.dk" and "søs@eksempel.dk".encode() in compose(worker, HEAD, NOW)


@pytest.mark.parametrize("sender", [BO, "bo.b@example.org", "x@example.com", "ada@advokat.example", PER])
@pytest.mark.parametrize("observe", [False, True])
def test_nobody_to_tell_means_that_the_plan_is_empty(sender, observe):
    register = town(framework(observe=observe))
    one = mail(KAREN, "dpo@eksempel.dk", sender=sender)
    decision = decide(Mail(one.sha256, one.envelope, one.headers, id="01mail"), facts(register, one), NOW)
    nobody = notice_rules.nobody_to_tell(mail_decided(decision, NOW).data, ())
    assert nobody is (sender not in (BO, "bo.b@example.org") or (observe and sender == BO))
    assert not (nobody and planned(register, one, rights=("complaint",)))
