"""The lifecycle as policy: which move leads where, and what one is told who lacks something."""

from datetime import date, datetime, timedelta

import pytest
from fakes.dossiers import (
    AROUND,
    DPO,
    GROUND,
    HANS,
    JURA,
    KAREN,
    LENE,
    MIA,
    NOW,
    OTHER_LEADER,
    POLICY,
    TODAY,
    VERA,
    WORDS,
    active,
    actor,
    decided,
    done,
    draft,
    framework,
    happening,
    refused,
    told,
    try_,
    urgent,
)
from pydantic import ValidationError

from workflows.dossier import RECORDS, Dossier
from workflows.framework import IN_FORCE, State
from workflows.lifecycle import ENDED, TABLE, IllegalTransition, Moved, Refused, Submitted, approve, begin, moves_from, send_back
from workflows.lifecycle_who import GUARD, NOT_LEADER
from workflows.lifecycle_writing import written

S = State
LATER = NOW + timedelta(days=30)
DELIVERED = {"letter": "l-d", "way": "paper", "delivered": LATER}
NEXT = {"letter": "l-x", "way": "paper", "delivered": NOW}


def in_state(state: State) -> Dossier:
    return active().model_copy(update={"framework": active().framework.model_copy(update={"state": state})})


def in_force(dossier: Dossier, at: datetime = NOW) -> bool:
    return dossier.framework.in_force(at, POLICY.zone, POLICY.calendar)


@pytest.mark.parametrize(
    ("move", "ways"),
    [
        ("reported", {"reported": "reported"}),
        ("drafted", {"reported": "draft"}),
        ("warned", {"draft": "warning"}),
        ("heard", {"draft": "hearing", "warning": "hearing", "hearing": "hearing", "urgent": "urgent"}),
        ("decided", {"draft": "decided", "warning": "decided", "hearing": "decided", "urgent": "urgent"}),
        (
            "activated",
            {
                "decided": "active",
                "active": "active",
                "urgent": "active",
                "under_review": "active",
                "expired": "active",
                "under_reconsideration": "under_reconsideration",
            },
        ),
        ("activated_urgently", {"draft": "urgent", "warning": "urgent", "hearing": "urgent"}),
        ("due_for_review", {"active": "under_review"}),
        ("extended", {"active": "active", "under_review": "under_review"}),
        ("eased", {"active": "active", "under_review": "active", "under_reconsideration": "active", "urgent": "urgent"}),
        ("observe_begun", {one.value: one.value for one in IN_FORCE}),
        ("observe_ended", {one.value: one.value for one in IN_FORCE}),
        ("lifted", dict.fromkeys(["decided", "active", "urgent", "under_review", "under_reconsideration", "expired"], "lifted")),
        ("expired", dict.fromkeys(["decided", "active", "urgent", "under_review", "under_reconsideration"], "expired")),
        (
            "reconsideration_asked",
            {"active": "under_reconsideration", "under_review": "under_reconsideration", "urgent": "urgent"},
        ),
        ("upheld", {"under_reconsideration": "active", "urgent": "urgent"}),
        ("rejected", dict.fromkeys(["reported", "draft", "warning", "hearing"], "rejected")),
        ("registered_in_error", dict.fromkeys([one.value for one in S if one is not S.REGISTERED_IN_ERROR], "registered_in_error")),
    ],
)
def test_each_move_leads_where_the_table_says(move, ways):
    assert {before.value: after.value for before, after in TABLE[move].ways.items()} == ways


def test_there_is_a_way_for_each_kind_of_record_and_for_no_other():
    assert set(TABLE) == set(RECORDS)


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("move", TABLE)
def test_a_pair_that_is_not_in_the_table_raises(state, move):
    dossier = in_state(state)
    assert (move in moves_from(dossier)) == (state in TABLE[move].ways)
    if state not in TABLE[move].ways:
        with pytest.raises(IllegalTransition):
            try_(dossier, move)


def test_what_has_ended_leads_nowhere_but_to_an_error():
    for state in ENDED - {S.EXPIRED}:
        assert set(moves_from(in_state(state))) <= {"registered_in_error"}
    undecided = try_(in_state(S.EXPIRED), "activated", proof=NEXT)
    assert refused(undecided) == ["Rammen er ikke besluttet endnu. Tag beslutningen først."]
    assert refused(try_(in_state(S.EXPIRED), "lifted")) == ["Rammen er allerede ophørt. Du skal ikke gøre mere."]


def test_a_leader_s_whole_way_from_report_to_lifted():
    one = done(begin("f-1", "c-1"), "reported", KAREN)
    one = done(one, "drafted")
    one = written(one, GROUND.model_copy(update={"happenings": one.ground.happenings}), framework(), actor(LENE), AROUND)
    one = told(done(one, "warned"), "l-w")
    one = told(done(one, "heard"), "l-h")
    one = done(one, "decided", no_warning_because=None, answered=True, objections="Borgeren beklagede.")
    assert not in_force(one)
    one = done(one, "activated")
    assert in_force(one)
    assert (one.framework.decided_by, one.framework.citizen_informed, one.began) == (LENE, TODAY, TODAY)
    one = done(one, "lifted")
    assert not in_force(one)
    assert [step.record.move for step in one.steps] == ["reported", "drafted", "warned", "heard", "decided", "activated", "lifted"]


@pytest.mark.parametrize(
    ("dossier", "move", "by", "changes", "sentence"),
    [
        (draft(), "decided", VERA, {}, "Det skal en leder af den enhed, som rammen gælder, gøre."),
        (draft(), "decided", MIA, {}, "Det skal en leder af den enhed, som rammen gælder, gøre."),
        (
            draft(scope={"cases": ["s-3"]}),
            "decided",
            LENE,
            {},
            "Du er selv sagsbehandler i sagen. Lad en anden leder eller chefen beslutte.",
        ),
        (
            draft(measures=[{"kind": "changed_caseworker", "from": "Lene.L@eksempel.dk", "to": KAREN}]),
            "decided",
            LENE,
            {},
            "Du er selv sagsbehandler i sagen. Lad en anden leder eller chefen beslutte.",
        ),
        (draft(), "activated_urgently", MIA, {}, "Det skal en leder eller vagten gøre."),
        (
            active(ends=TODAY + timedelta(days=30), review=TODAY),
            "expired",
            LENE,
            {},
            "Det sker af sig selv; du skal ikke gøre noget.",
        ),
        (
            active(),
            "reconsideration_asked",
            KAREN,
            {"suspended": True},
            "Det skal en leder af den enhed, som rammen gælder, gøre.",
        ),
        (
            done(active(), "reconsideration_asked"),
            "upheld",
            LENE,
            {},
            "Du besluttede selv rammen. En anden leder skal se på den igen.",
        ),
        (
            done(active(), "reconsideration_asked"),
            "lifted",
            LENE,
            {},
            "Du besluttede selv rammen. En anden leder skal se på den igen.",
        ),
        (active(), "registered_in_error", KAREN, {}, "Det skal en leder af den enhed, som rammen gælder, gøre."),
    ],
)
def test_who_may_not_is_told_who_may(dossier, move, by, changes, sentence):
    at = LATER + timedelta(days=1) if move == "expired" else NOW
    assert refused(try_(dossier, move, by, at, **changes)) == [sentence]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scope": None}, "Vælg, hvad rammen gælder."),
        ({"scope": {"cases": ["s-77"]}}, "Vælg sager og enheder, der findes."),
        ({"scope": {"cases": ["s-1"], "units": ["bf"]}}, "Vælg enten sager, enheder eller hele kommunen."),
        ({"measures": []}, "Vælg mindst ét tiltag."),
        ({"reason": " "}, "Skriv begrundelsen."),
        ({"legal_basis": None}, "Skriv, hvilket grundlag rammen bygger på."),
        ({"milder_means": []}, "Skriv, hvilke mildere midler I har overvejet, og hvorfor de ikke er nok."),
        (
            {"milder_means": [{"what": "Samtale", "why_not": " "}]},
            "Skriv, hvilke mildere midler I har overvejet, og hvorfor de ikke er nok.",
        ),
        ({"review": None}, "Vælg start, evaluering og slut."),
        ({"review": TODAY + timedelta(days=80)}, "Evalueringen skal ligge efter start og mindst 14 dage før slut."),
        (
            {"starts": TODAY - timedelta(days=1)},
            "Rammen kan ikke begynde, før den er besluttet. Vælg i dag eller en senere dag som start.",
        ),
        ({"measures": [{"kind": "fixed_contact", "contact": "ven@example.net"}]}, "Vælg adresser i kommunen selv."),
        (
            {"measures": [{"kind": "changed_caseworker", "from": KAREN, "to": KAREN}]},
            "Vælg én ny sagsbehandler, så skiftet ikke går i ring.",
        ),
        (
            {"measures": [{"kind": "contact_window", "days": ["tue"], "from": "12:00", "to": "10:00"}]},
            "Sluttidspunktet skal ligge efter starttidspunktet.",
        ),
    ],
)
def test_r1_to_r3_what_the_framework_lacks_is_one_sentence_that_says_what_to_do(changes, sentence):
    assert refused(try_(draft(**changes), "decided")) == [sentence]


def test_what_is_over_already_is_not_decided():
    assert refused(try_(draft(starts=date(2026, 9, 1), ends=date(2026, 11, 22), review=date(2026, 10, 1)), "decided")) == [
        "Slutdagen skal ligge efter i dag og efter start.",
        "Rammen kan ikke begynde, før den er besluttet. Vælg i dag eller en senere dag som start.",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"happenings": ()}, "Skriv mindst én hændelse fra det seneste år, med dato."),
        ({"happenings": (happening(date(2025, 11, 22)),)}, "Skriv mindst én hændelse fra det seneste år, med dato."),
        ({"happenings": (happening(TODAY + timedelta(days=1)),)}, "Skriv mindst én hændelse fra det seneste år, med dato."),
        ({"categories": ()}, "Vælg, hvad der har været svært."),
        ({"burden": ""}, "Skriv, hvad det betyder for arbejdet."),
        ({"needs_asked": False}, "Tag stilling til, om borgeren har brug for særlige hensyn."),
        ({"representatives_asked": False}, "Tag stilling til, om borgeren har en repræsentant."),
        ({"way_back": None}, "Skriv, hvad der skal til, for at rammen kan lempes."),
        ({"needs": ("cannot_write",)}, "Borgeren kan ikke skrive. Vælg et andet tiltag end kun skriftlig kontakt."),
    ],
)
def test_the_law_s_questions_are_answered_before_a_decision(changes, sentence):
    one = draft()
    one = one.model_copy(update={"ground": one.ground.model_copy(update=changes)})
    assert refused(try_(one, "decided")) == [sentence]


@pytest.mark.parametrize("scope", [{"units": ["bf"]}, {"municipality": True}])
def test_r2_what_covers_more_than_a_case_says_why(scope):
    one = draft(scope=scope)
    one = one.model_copy(update={"ground": one.ground.model_copy(update={"wider_because": " "})})
    assert "Skriv, hvorfor en enkelt sag ikke er nok." in refused(try_(one, "decided"))


HEARD = told(done(draft(), "heard"), "l-h")
LESS = framework(measures=WORDS["measures"][:1], ends=TODAY + timedelta(days=80))
HIGH = {"measures": [{"kind": "closed_topic", "topic": "Afslaget"}]}


@pytest.mark.parametrize(
    ("dossier", "move", "changes", "sentence"),
    [
        (begin("f-1", "c-1"), "reported", {"happenings": []}, "Skriv, hvad der skete, og hvilken dag."),
        (draft(), "warned", {"talk": " "}, "Skriv, hvilken samtale eller hjælp I har tilbudt."),
        (draft(), "warned", {"letter": "l-0"}, "Gør brevet til borgeren færdigt først."),
        (draft(), "warned", {"letter": "l-d"}, "Gør brevet til borgeren færdigt først."),
        (done(draft(), "warned"), "heard", {"letter": "l-w"}, "Gør brevet til borgeren færdigt først."),
        (active(), "lifted", {"letter": "l-d"}, "Gør brevet til borgeren færdigt først."),
        (active(), "registered_in_error", {"apology": "l-l"}, "Gør brevet til borgeren færdigt først."),
        (done(active(), "eased"), "eased", {"framework": LESS}, "Gør brevet til borgeren færdigt først."),
        (done(active(), "extended"), "activated", {}, "Gør brevet til borgeren færdigt først."),
        (draft(), "heard", {"answer_by": TODAY}, "Giv borgeren en frist, der ligger efter i dag."),
        (draft(), "decided", {"no_warning_because": None}, "Send først en advarsel, eller skriv, hvorfor I springer den over."),
        (HEARD, "decided", {}, "Skriv, om borgeren har svaret på høringen."),
        (HEARD, "decided", {"answered": True}, "Skriv, hvad borgeren svarede, og hvad det ændrer."),
        (HEARD, "decided", {"answered": False}, "Vent, til fristen for at svare er gået."),
        (
            done(draft(), "heard"),
            "decided",
            {"answered": True, "objections": "Nej."},
            "Skriv først, hvornår høringsbrevet nåede frem til borgeren.",
        ),
        (
            done(draft(), "warned"),
            "decided",
            {"no_warning_because": None},
            "Skriv først, hvornår advarslen nåede frem til borgeren, eller skriv, hvorfor I springer den over.",
        ),
        (active(observe=True), "observe_begun", {}, "Rammen er allerede på prøve. Du skal ikke gøre mere."),
        (active(), "observe_begun", {"because": ""}, "Skriv hvorfor."),
        (active(), "observe_begun", {"staff_informed": False}, "Fortæl det til de medarbejdere, det angår."),
        (active(), "observe_ended", {}, "Rammen er ikke på prøve. Den gælder mailgangen."),
        (active(observe=True), "observe_ended", {"because": " "}, "Skriv hvorfor."),
        (urgent(observe=True), "observe_ended", {}, "Skriv først, hvornår brevet om rammen nåede frem til borgeren."),
        (done(urgent(), "observe_begun"), "observe_ended", {}, "Skriv først, hvornår brevet om rammen nåede frem til borgeren."),
        (decided(), "activated", {"staff_informed": False}, "Fortæl det til de medarbejdere, det angår."),
        (
            decided(),
            "activated",
            {"proof": {"letter": "l-d", "way": "paper", "delivered": NOW + timedelta(seconds=1)}},
            "Brevet er ikke nået frem endnu. Vent, til borgeren kan læse det.",
        ),
        (
            decided(),
            "activated",
            {"proof": {"letter": "l-d", "way": "paper", "delivered": NOW - timedelta(days=1)}},
            "Brevet nåede frem før beslutningen. Vælg brevet om denne beslutning.",
        ),
        (
            decided(),
            "activated",
            {"proof": {"letter": "l-w", "way": "paper", "delivered": NOW}},
            "Gør brevet til borgeren færdigt først.",
        ),
        (draft(), "activated_urgently", {"threat": ""}, "Beskriv truslen."),
        (draft(starts=TODAY + timedelta(days=1)), "activated_urgently", {}, "Vælg i dag som start: det haster."),
        (
            draft(scope={"municipality": True}),
            "activated_urgently",
            {"no_hearing_because": "Der er fare for liv."},
            "Hele kommunen kræver en chefs godkendelse. Vælg de sager eller enheder, som det haster for.",
        ),
        (
            draft(**HIGH),
            "activated_urgently",
            {},
            "Rammen griber ind i grad 3. Skriv, hvilket retligt grundlag I har for ikke at høre borgeren først.",
        ),
        (active(), "due_for_review", {"trigger": "date"}, "Evalueringsdagen er ikke kommet endnu."),
        (
            active(),
            "extended",
            {"happenings": []},
            "Skriv mindst én hændelse fra den periode, der slutter. Er der ingen, så lad rammen slutte.",
        ),
        (
            active(),
            "extended",
            {"happenings": [happening(TODAY - timedelta(days=1))]},
            "Skriv mindst én hændelse fra den periode, der slutter. Er der ingen, så lad rammen slutte.",
        ),
        (active(), "extended", {"milder_not_enough": ""}, "Skriv, hvorfor mildere midler stadig ikke er nok."),
        (
            active(),
            "extended",
            {"starts": TODAY + timedelta(days=92), "review": TODAY + timedelta(days=100), "ends": TODAY + timedelta(days=120)},
            "Forlængelsen skal begynde fra i dag og senest dagen efter, at rammen slutter.",
        ),
        (
            done(active(), "extended"),
            "extended",
            {"letter": "l-x2"},
            "Der er allerede besluttet noget. Giv borgeren besked om det først.",
        ),
        (draft(), "decided", {"letter": None}, "Gør brevet til borgeren færdigt først."),
        (draft(), "decided", {"letter": "l-x"}, "Gør brevet til borgeren færdigt først."),
        (active(), "extended", {"letter": None}, "Gør brevet til borgeren færdigt først."),
        (active(), "extended", {"letter": "l-w"}, "Gør brevet til borgeren færdigt først."),
        (decided(), "activated", {"proof": NEXT}, "Det er brevet om en anden beslutning. Vælg brevet om denne beslutning."),
        (
            done(active(), "extended"),
            "activated",
            {"proof": NEXT | {"letter": "l-x2"}},
            "Det er brevet om en anden beslutning. Vælg brevet om denne beslutning.",
        ),
        (active(), "eased", {"framework": framework()}, "Vælg, hvad der skal lempes."),
        (
            active(),
            "eased",
            {"framework": framework(measures=[{"kind": "functional_mailbox"}, {"kind": "attendance_by_appointment"}])},
            "En lempelse kan kun fjerne tiltag, sager eller tid. Det andet kræver en ny beslutning.",
        ),
        (
            active(),
            "eased",
            {"framework": framework(scope={"cases": ["s-1", "s-2"]})},
            "En lempelse kan kun fjerne tiltag, sager eller tid. Det andet kræver en ny beslutning.",
        ),
        (
            active(),
            "eased",
            {"framework": framework(ends=TODAY + timedelta(days=91))},
            "En lempelse kan kun fjerne tiltag, sager eller tid. Det andet kræver en ny beslutning.",
        ),
        (active(), "lifted", {"because": ""}, "Skriv hvorfor."),
        (active(), "lifted", {"letter": None}, "Skriv til borgeren, at rammen er ophævet."),
        (active(), "upheld", {}, None),
        (urgent(), "upheld", {}, "Ingen har bedt om genovervejelse."),
        (active(), "registered_in_error", {"apology": None}, "Skriv til borgeren, og undskyld fejlen."),
        (draft(), "registered_in_error", {"apology": None, "cause": ""}, "Skriv, hvordan fejlen skete."),
        (draft(), "rejected", {"because": ""}, "Skriv hvorfor."),
    ],
)
def test_what_a_move_lacks_is_one_sentence_that_says_what_to_do(dossier, move, changes, sentence):
    if sentence is None:
        with pytest.raises(IllegalTransition):
            try_(dossier, move, **changes)
    else:
        assert refused(try_(dossier, move, **changes)) == [sentence]


def test_everything_that_is_missing_is_told_at_once():
    empty = done(begin("f-1", "c-1"), "drafted")
    assert len(refused(try_(empty, "decided", no_warning_because=None))) == 13


# -- approval
MUNICIPALITY = {"scope": {"municipality": True}, "measures": [{"kind": "functional_mailbox", "mailbox": "bf-kontakt@eksempel.dk"}]}
ADVISED = {"lawyer": JURA, "lawyer_says": "Det kan I godt."}


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        (HIGH, "Rammen har indgrebsgrad 3."),
        (MUNICIPALITY, "Rammen har indgrebsgrad 3."),
        ({"scope": {"units": ["bf", "tek"]}}, "Rammen gælder flere enheder."),
        ({"scope": {"cases": ["s-1", "s-2"]}}, "Rammen gælder flere enheder."),
        ({"ends": date(2027, 5, 23)}, "Rammen varer mere end seks måneder."),
        ({"ends": date(2027, 5, 22)}, None),
    ],
)
def test_a_head_approves_degree_3_over_six_months_and_across_units(changes, because):
    words = ADVISED | {"no_hearing_because": "Forvaltningsloven § 19, stk. 2."}
    found = try_(draft(**changes), "decided", **words)
    if because is None:
        assert isinstance(found, Moved)
        return
    assert isinstance(found, Submitted)
    assert [one.da for one in found.because] == [because]
    assert found.dossier.framework.state is S.DRAFT
    assert refused(try_(draft(**changes), "decided", **words | {"lawyer_says": ""})) == [
        "Spørg en jurist, og skriv, hvad juristen svarede."
    ]
    approved = approve(found.dossier, actor(HANS), NOW, AROUND)
    assert isinstance(approved, Moved)
    assert (approved.dossier.framework.decided_by, approved.dossier.framework.approved_by) == (LENE, HANS)
    assert approved.dossier.submitted is None
    assert in_force(done(approved.dossier, "activated"))


@pytest.mark.parametrize("nobody", [KAREN, MIA, "jura@advokat.example", "ukendt@eksempel.dk"])
def test_after_a_lawyer_means_one_whom_the_register_names_as_a_lawyer(nobody):
    not_a_lawyer = "Skriv mailadressen på en jurist i kommunen. Juristen skal stå i registret som jurist."
    advised = ADVISED | {"lawyer": nobody}
    assert refused(try_(draft(ends=date(2027, 6, 1)), "decided", **advised)) == [not_a_lawyer]
    assert refused(try_(active(), "extended", ends=date(2027, 6, 1), review=date(2027, 4, 1), **advised)) == [not_a_lawyer]
    assert isinstance(try_(draft(ends=date(2027, 6, 1)), "decided", **ADVISED | {"lawyer": "Jura+post@Eksempel.dk"}), Submitted)


def submitted(by: str = LENE) -> Dossier:
    found = try_(draft(ends=date(2027, 6, 1)), "decided", by, **ADVISED)
    assert isinstance(found, Submitted)
    return found.dossier


@pytest.mark.parametrize(
    ("proposer", "approver", "sentences"),
    [
        (
            LENE,
            LENE,
            [
                "Det skal en chef for en af de enheder, som rammen gælder, gøre.",
                "Du har selv indstillet det. En anden chef skal godkende.",
            ],
        ),
        (
            LENE,
            KAREN,
            [
                "Det skal en chef for en af de enheder, som rammen gælder, gøre.",
                "Du er selv sagsbehandler i sagen. Lad en anden leder eller chefen beslutte.",
            ],
        ),
        (HANS, HANS, ["Du har selv indstillet det. En anden chef skal godkende."]),
        (LENE, MIA, ["Det skal en chef for en af de enheder, som rammen gælder, gøre."]),
    ],
)
def test_the_approver_is_a_head_and_never_the_decider_or_the_exposed(proposer, approver, sentences):
    assert refused(approve(submitted(proposer), actor(approver), NOW, AROUND)) == sentences


def test_what_no_longer_holds_is_not_approved():
    late = datetime(2027, 6, 2, 9, tzinfo=POLICY.zone)
    assert "Slutdagen skal ligge efter i dag og efter start." in refused(approve(submitted(), actor(HANS), late, AROUND))


def test_no_decision_reaches_back_also_where_the_head_comes_later():
    for days in (1, 150):
        assert len(refused(try_(draft(starts=TODAY - timedelta(days=days)), "decided", **ADVISED))) == 1
    tomorrow = NOW + timedelta(days=1)
    too_late = "Startdagen er gået. Send indstillingen tilbage, så lederen kan vælge en ny start."
    assert refused(approve(submitted(), actor(HANS), tomorrow, AROUND)) == [too_late]
    longer = try_(active(), "extended", starts=TODAY, ends=date(2027, 6, 1), review=date(2027, 4, 1), **ADVISED)
    assert refused(approve(longer.dossier, actor(HANS), tomorrow, AROUND)) == [too_late]
    ahead = try_(draft(starts=tomorrow.date(), ends=date(2027, 6, 1)), "decided", **ADVISED)
    assert isinstance(approve(ahead.dossier, actor(HANS), tomorrow, AROUND), Moved)


def test_what_follows_upon_the_urgent_goes_on_from_where_that_began():
    thursday = NOW + timedelta(days=3)
    assert isinstance(try_(urgent(), "decided", at=thursday), Moved)
    before = written(urgent(), GROUND, framework(starts=TODAY - timedelta(days=1)), actor(LENE), AROUND)
    assert isinstance(before, Dossier)
    assert len(refused(try_(before, "decided", at=thursday))) == 1


def test_a_head_sends_back_with_words_and_the_leader_proposes_again():
    one = submitted()
    assert refused(send_back(one, " ", actor(HANS), NOW, AROUND)) == ["Skriv, hvad der skal rettes."]
    back = send_back(one, "Kortere tid.", actor(HANS), NOW, AROUND)
    assert isinstance(back, Dossier)
    assert back.submitted and back.submitted.sent_back == "Kortere tid."
    assert back.waiting is None
    with pytest.raises(IllegalTransition):
        approve(back, actor(HANS), NOW, AROUND)
    again = try_(back, "decided", **ADVISED)
    assert isinstance(again, Submitted)
    assert again.dossier.waiting


def test_what_an_older_version_decided_or_proposed_without_naming_its_letter_goes_on():
    one = decided()
    step = one.steps[-1].model_copy(update={"record": one.steps[-1].record.model_copy(update={"letter": None})})
    one = one.model_copy(update={"steps": (*one.steps[:-1], step)})
    assert in_force(done(one, "activated", proof=NEXT))
    proposal = submitted().submitted
    old = proposal.model_copy(update={"record": proposal.record.model_copy(update={"letter": None})})
    approved = approve(submitted().model_copy(update={"submitted": old}), actor(HANS), NOW, AROUND)
    assert isinstance(approved, Moved)
    assert in_force(done(approved.dossier, "activated"))


def test_whoever_changes_what_waits_withdraws_it():
    changed = written(submitted(), GROUND, framework(), actor(LENE), AROUND)
    assert isinstance(changed, Dossier)
    assert changed.submitted is None
    one = submitted()
    assert written(one, one.ground, one.framework, actor(LENE), AROUND) == one  # a page that saves itself changes nothing


def test_a_head_s_words_stay_while_the_leader_mends_what_was_sent_back():
    back = send_back(submitted(), "Kortere tid.", actor(HANS), NOW, AROUND)
    assert isinstance(back, Dossier)
    mended = written(back, GROUND, framework(ends=TODAY + timedelta(days=80)), actor(LENE), AROUND)
    assert isinstance(mended, Dossier)
    assert mended.submitted and (mended.submitted.sent_back, mended.submitted.sent_back_by) == ("Kortere tid.", HANS)
    assert mended.waiting is None
    assert done(mended, "decided").submitted is None
    longer = written(mended, GROUND, framework(ends=date(2027, 6, 1)), actor(LENE), AROUND)
    again = try_(longer, "decided", **ADVISED)
    assert isinstance(again, Submitted)
    assert again.dossier.waiting and again.dossier.waiting.sent_back is None


@pytest.mark.parametrize("state", ["draft", "urgent"])
def test_a_lawyer_s_advice_leaves_what_waits_where_it_is(state):
    asked, long = GROUND.model_copy(update={"lawyer": JURA}), framework(ends=date(2027, 6, 1))
    one = written(urgent() if state == "urgent" else draft(), asked, long, actor(LENE), AROUND)
    found = try_(one, "decided", **ADVISED)
    assert isinstance(found, Submitted)
    advice = asked.model_copy(update={"lawyer_says": "Kun i tre måneder."})
    advised = written(found.dossier, advice, found.dossier.written, actor(JURA), AROUND)
    assert advised == found.dossier.model_copy(update={"ground": advice})
    assert isinstance(approve(advised, actor(HANS), NOW, AROUND), Moved)


def test_what_waits_for_a_head_still_waits_when_the_day_of_review_comes():
    review = datetime(2027, 1, 22, 9, tzinfo=POLICY.zone)
    dates = {"starts": date(2027, 2, 1), "review": date(2027, 4, 1), "ends": date(2027, 6, 1)}
    found = try_(active(), "extended", at=review - timedelta(days=1), **dates, **ADVISED)
    assert isinstance(found, Submitted)
    due = done(found.dossier, "due_for_review", GUARD, review, trigger="date")
    assert due.waiting == found.dossier.waiting
    assert isinstance(approve(due, actor(HANS), review, AROUND), Moved)


# -- extension
def test_an_extension_comes_into_force_with_its_letter_and_without_a_gap():
    one = done(active(), "extended", starts=TODAY + timedelta(days=91), review=date(2027, 3, 1), ends=date(2027, 4, 1))
    assert in_force(one, LATER)
    assert one.framework.ends == TODAY + timedelta(days=90)
    one = done(one, "activated", at=LATER, proof=DELIVERED | {"letter": "l-x"})
    assert in_force(one, LATER)
    assert (one.framework.starts, one.framework.ends) == (LATER.date(), date(2027, 4, 1))
    assert one.framework.citizen_informed == LATER.date()
    assert one.began == TODAY


def test_an_extension_that_nobody_told_of_does_not_keep_it_in_force():
    over = datetime(2027, 2, 22, 0, 0, tzinfo=POLICY.zone)
    one = done(active(), "extended", review=date(2027, 3, 1), ends=date(2027, 4, 1))
    assert not in_force(one, over)
    one = done(one, "expired", GUARD, over)
    assert not in_force(one, over)
    assert done(one, "lifted", at=over).decided is None
    one = done(one, "activated", at=over, proof=DELIVERED | {"letter": "l-x"})
    assert in_force(one, over)


def test_r5_what_happened_before_the_citizen_was_told_carries_no_renewal():
    told_on = NOW + timedelta(days=10)
    one = done(decided(), "activated", at=told_on, proof={"letter": "l-d", "way": "paper", "delivered": told_on})
    assert one.framework.starts == TODAY
    dates = {"starts": TODAY + timedelta(days=20), "at": told_on + timedelta(days=1)}
    none = "Skriv mindst én hændelse fra den periode, der slutter. Er der ingen, så lad rammen slutte."
    assert refused(try_(one, "extended", happenings=[happening(told_on.date() - timedelta(days=1))], **dates)) == [none]
    assert isinstance(try_(one, "extended", happenings=[happening(told_on.date())], **dates), Moved)


def test_renewal_in_parts_past_six_months_needs_a_head():
    found = try_(active(), "extended", ends=date(2027, 6, 1), review=date(2027, 4, 1), **ADVISED)
    assert isinstance(found, Submitted)
    assert [one.da for one in found.because] == ["Rammen varer mere end seks måneder."]


def test_r5_without_an_incident_a_head_extends_with_a_reason():
    words = {"happenings": [], "without_incident_because": "Truslen består."} | ADVISED
    found = try_(active(), "extended", **words)
    assert isinstance(found, Submitted)
    assert [one.da for one in found.because] == ["Der er ingen hændelse i den periode, der slutter."]
    assert isinstance(approve(found.dossier, actor(HANS), NOW, AROUND), Moved)
    assert isinstance(try_(active(), "extended", HANS, **words), Moved)


def test_r5_a_head_of_other_units_extends_nothing_alone_without_an_incident():
    words = {"happenings": [], "without_incident_because": "Truslen består."} | ADVISED
    elsewhere = actor(LENE)._replace(heads=frozenset({"tek"}))
    assert isinstance(try_(active(), "extended", elsewhere, **words), Submitted)


def test_what_a_head_approved_is_extended_by_a_head():
    found = try_(draft(**HIGH), "decided", **ADVISED, no_hearing_because="§ 19")
    one = done(approve(found.dossier, actor(HANS), NOW, AROUND).dossier, "activated")
    assert isinstance(try_(one, "extended", **ADVISED), Submitted)


# -- urgent
def test_what_is_urgent_lapses_after_five_working_days_unless_decided_and_told():
    one = urgent()
    friday, monday = (datetime(2026, 11, day, 12, tzinfo=POLICY.zone) for day in (27, 30))
    assert in_force(one, friday)
    assert not in_force(one, monday)
    assert refused(try_(one, "expired", GUARD, friday)) == ["Rammens sidste dag er ikke gået endnu."]
    assert done(one, "expired", GUARD, monday).framework.state is S.EXPIRED
    one = done(one, "decided")
    assert one.framework.state is S.URGENT
    assert not in_force(one, monday)
    one = done(one, "activated", at=friday, proof=DELIVERED | {"delivered": friday})
    assert in_force(one, monday)


def test_the_duty_officer_may_act_at_once_and_no_more():
    one = done(draft(), "activated_urgently", VERA)
    assert (one.framework.decided_by, in_force(one)) == (VERA, True)
    assert isinstance(try_(one, "decided", VERA), Refused)


def test_what_is_urgent_stays_in_force_while_the_citizen_is_heard():
    assert in_force(done(urgent(), "heard"))


def test_what_follows_upon_the_urgent_is_written_beside_it():
    one = written(urgent(), GROUND, framework(measures=[{"kind": "written_only"}]), actor(LENE), AROUND)
    assert isinstance(one, Dossier)
    assert len(one.framework.measures) == 2
    one = done(done(one, "decided"), "activated")
    assert [measure.kind for measure in one.framework.measures] == ["written_only"]


def test_a_request_to_look_again_does_not_make_the_urgent_last_longer():
    one = done(urgent(), "reconsideration_asked", KAREN)
    assert not in_force(one, datetime(2026, 11, 30, 12, tzinfo=POLICY.zone))
    assert isinstance(try_(one, "upheld", LENE), Refused)
    assert done(one, "upheld", OTHER_LEADER).framework.state is S.URGENT


# -- reconsideration, easing, errors
def test_it_stays_in_force_while_it_is_looked_at_again_unless_a_leader_suspends_it():
    assert in_force(done(active(), "reconsideration_asked", KAREN))
    suspended = done(active(), "reconsideration_asked", LENE, suspended=True)
    assert not in_force(suspended)
    assert in_force(done(suspended, "upheld", OTHER_LEADER))


def test_easing_takes_the_place_of_an_extension_that_nobody_was_told_of():
    one = done(done(active(), "extended"), "eased")
    assert (one.successor, len(one.framework.measures)) == (None, 1)
    assert refused(try_(one, "activated", proof=NEXT)) == ["Rammen er ikke besluttet endnu. Tag beslutningen først."]


def test_what_nobody_was_told_of_is_lifted_without_a_letter():
    assert done(decided(), "lifted", letter=None).framework.state is S.LIFTED


@pytest.mark.parametrize("field", ["reason", "decided_by", "starts", "state", "observe", "suspended"])
def test_easing_changes_nothing_but_scope_measures_review_and_end(field):
    other = framework(
        measures=[{"kind": "written_only"}], reason="Andet", decided_by=MIA, starts=date(2026, 1, 1), observe=True, suspended=True
    )
    before = active()
    after = done(before, "eased", framework=other)
    assert getattr(after.framework, field) == getattr(before.framework, field)


def test_the_dpo_may_end_what_was_registered_in_error():
    one = done(active(), "registered_in_error", DPO)
    assert not in_force(one)


def test_the_guard_makes_two_moves_alone_and_neither_restricts_anybody_further():
    for state in S:
        for move in moves_from(in_state(state)):
            if move not in ("due_for_review", "expired"):
                assert isinstance(try_(in_state(state), move, GUARD), Refused), move
    review = datetime(2027, 1, 22, 0, 0, tzinfo=POLICY.zone)
    one = done(active(), "due_for_review", GUARD, review, trigger="date")
    assert one.framework == active().framework.model_copy(update={"state": S.UNDER_REVIEW})
    again = done(one, "eased", LENE, review)
    assert refused(try_(again, "due_for_review", GUARD, review, trigger="date")) == ["Evalueringsdagen er ikke kommet endnu."]


def test_every_move_tells_what_it_did_in_codes():
    found = try_(active(), "due_for_review", LENE)
    assert isinstance(found, Moved)
    [event] = found.events
    assert (event.what, event.subject) == ("framework.due_for_review", "f-1")
    assert event.data == {
        "framework": "f-1",
        "citizen": "c-1",
        "state": "under_review",
        "degree": 2,
        "units": ["bf"],
        "by_guard": False,
    }


# -- writing
def test_writing_never_touches_who_decided_or_what_is_in_force():
    wished = framework(state="active", decided_by=LENE, approved_by=HANS, citizen_informed=TODAY, citizen="c-2", id="f-2")
    one = written(draft(), GROUND, wished, actor(LENE), AROUND)
    assert isinstance(one, Dossier)
    assert one.framework == draft().framework
    for state in S:
        if state not in (S.REPORTED, S.DRAFT, S.WARNING, S.HEARING, S.URGENT):
            with pytest.raises(IllegalTransition):
                written(in_state(state), GROUND, framework(), actor(LENE), AROUND)


@pytest.mark.parametrize("day", [date.min, date.max])
def test_days_at_the_ends_of_time_are_refused_in_words(day):
    review = "Evalueringen skal ligge efter start og mindst 14 dage før slut."
    assert review in refused(try_(draft(starts=day, review=day, ends=day), "decided"))
    assert review in refused(try_(draft(starts=date.min, review=date.max, ends=day), "activated_urgently"))


def test_no_letter_arrives_before_time_begins():
    proof = {"letter": "l-d", "way": "paper", "delivered": "0001-01-01T00:00:00+14:00"}
    with pytest.raises(ValidationError):
        try_(decided(), "activated", proof=proof)


def test_nobody_writes_themselves_in_among_the_leaders_of_a_framework():
    one, wider = draft(), framework(scope={"units": ["bf", "tek"]})
    assert written(one, GROUND, wider, actor(MIA), AROUND) == Refused((NOT_LEADER,))
    assert written(urgent(), GROUND, framework(scope={"units": ["tek"]}), actor(MIA), AROUND) == Refused((NOT_LEADER,))
    begun = done(begin("f-2", "c-1"), "drafted")
    assert written(begun, GROUND, framework(), actor(MIA), AROUND) == Refused((NOT_LEADER,))
    assert isinstance(written(one, GROUND, wider, actor(LENE), AROUND), Dossier)


def test_a_lawyer_who_was_asked_writes_advice_and_nothing_else():
    asked = GROUND.model_copy(update={"lawyer": JURA})
    one = written(draft(), asked, framework(), actor(LENE), AROUND)
    assert isinstance(one, Dossier)
    advice = asked.model_copy(update={"lawyer_says": "Det kan I godt."})
    assert isinstance(written(one, advice, framework(), actor(JURA), AROUND), Dossier)
    assert isinstance(written(one, advice, framework(reason="Andet."), actor(JURA), AROUND), Refused)
    assert isinstance(written(draft(), advice, framework(), actor(JURA), AROUND), Refused)


def test_in_force_states_are_those_of_the_contract():
    assert {S.ACTIVE, S.URGENT, S.UNDER_REVIEW, S.UNDER_RECONSIDERATION} == IN_FORCE
