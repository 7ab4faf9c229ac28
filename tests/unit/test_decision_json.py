"""The one shape of a decision, as values and as the text that is stored: against a shape written by hand."""

import json
from datetime import datetime
from typing import Any

from fakes.town import BO, BOX, CPH, KAREN, MAILBOX, NOW, PASS, PER, decided, facts, framework, mail, town
from hypothesis import given
from hypothesis import strategies as st

from workflows.decide import decide, not_evaluated
from workflows.decision import Decision, Outcome, Sentence, Step

ALL = framework(id="f-3", scope={"municipality": True}, measures=[MAILBOX], approved_by="x@eksempel.dk")
FAMILY = [{"id": "c-1", "name": "Bo", "addresses": [BO]}, {"id": "c-2", "name": "Mo", "addresses": [BO]}]
REGISTERS = [town(), town(framework()), town(framework(observe=True), ALL), town(framework(), citizens=FAMILY)]
ODD = ['a"b\\c@x', "\0@\udcff", "\ud83d\ude00@\U0001f600", "bø@rødgrød.dk", "\u2028\x7f@x", ""]
addresses = st.sampled_from([BO, KAREN, PER, BOX, "ada@advokat.example", "x@ombudsmanden.dk", "dpo@eksempel.dk", *ODD]) | st.text(
    max_size=20
)


def by_hand(decision: Decision) -> dict[str, Any]:
    """The contract's JSON (``decide --json``), its decided part."""
    mail, sender, receipt = decision.mail, decision.sender, decision.receipt
    return {
        "mail": {
            "id": mail.id,
            "sha256": mail.sha256,
            "message_id": mail.headers.message_id,
            "envelope_from": mail.envelope.sender,
            "header_from": list(mail.headers.from_addresses),
        },
        "sender": {
            "citizen": sender.citizen,
            "candidates": list(sender.candidates),
            "person_role": sender.person_role.value,
            "grade": sender.grade.value,
            "authenticated": sender.authenticated,
            "evidence": [{"kind": one.kind, "value": one.value} for one in sender.evidence],
        },
        "recipients": [outcome_by_hand(one) for one in decision.recipients],
        "signals": None,
        "rights": None,
        "receipt": {
            "send": receipt.send,
            "to": receipt.to,
            "reason": receipt.reason.value if receipt.reason else None,
            "blocked_by": receipt.blocked_by,
            "answer_by": receipt.answer_by.isoformat() if receipt.answer_by else None,
        },
        "notify": None,
        "trace": [step_by_hand(one) for one in decision.trace],
        "assessed": False,
    }


def outcome_by_hand(one: Outcome) -> dict[str, Any]:
    return {
        "address": one.address,
        "action": one.action,
        "deliver_to": list(one.deliver_to),
        "framework": one.framework,
        "measure": one.measure,
        "reason": one.reason.value,
        "unit": one.unit,
        "case": one.case,
        "explanation": {"da": one.explanation.da, "en": one.explanation.en},
    }


def step_by_hand(one: Step) -> dict[str, Any]:
    because = {"da": one.because.da, "en": one.because.en}
    return {"rule": one.rule, "recipient": one.recipient, "outcome": one.outcome, "because": because}


def written(decision: Decision) -> str:
    return json.dumps(by_hand(decision), separators=(",", ":"))


@given(
    sender=addresses,
    envelope=addresses,
    to=st.lists(addresses, max_size=4),
    froms=st.integers(0, 2),
    message_id=st.none() | addresses,
    auth=st.lists(st.sampled_from([PASS, "mx.eksempel.dk; dmarc=fail", "mx.eksempel.dk; dkim=\udcff"]), max_size=1),
    register=st.sampled_from(REGISTERS),
    when=st.just(NOW) | st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda one: one.replace(tzinfo=CPH)),
)
def test_law_7_what_is_stored_is_what_decide_shows(sender, envelope, to, froms, message_id, auth, register, when) -> None:
    asked = mail(
        *to, sender=sender, envelope=envelope, from_fields=froms, message_id=message_id, authentication_results=tuple(auth)
    )
    for found in (decide(asked, facts(register, asked), when), not_evaluated(asked)):
        assert found.json() == written(found)
        assert found.wire() == json.loads(written(found))


def test_a_receipt_and_several_candidates_are_in_the_json() -> None:
    sent = decided(REGISTERS[1], mail(KAREN, authentication_results=(PASS,)))
    assert sent.receipt.send
    shared = decided(REGISTERS[3], mail(KAREN))
    assert shared.sender.candidates
    for found in (sent, shared):
        assert found.json() == written(found)


def test_the_text_is_ascii_and_free_of_control_characters_whatever_it_holds() -> None:
    because = Sentence("".join(map(chr, range(0x300))) + "\ud800\U0001f600.", '"\\.')
    decision = not_evaluated(mail(*ODD))._replace(trace=(Step("r\"'", "no", because, "\0"),))
    assert decision.json() == written(decision)
    assert decision.json().isascii() and decision.json().isprintable()
