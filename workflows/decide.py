"""Mail, facts and an instant in; a decision with its trace out. The one evaluator (law 7).

Live mail, ``rammevagt decide``, backtest and explain all call ``decide``. It reads headers only: what a body holds never
moves mail. It is total and deterministic; the same arguments give the same decision.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from workflows.addresses import normalise
from workflows.decision import Decision, Outcome, Reason, Receipt, Sender, Sentence, Step
from workflows.facts import Facts
from workflows.identity import identify
from workflows.mail import Mail
from workflows.receipt import decide_receipt
from workflows.rules import RULES
from workflows.rules.question import Finding, Question, Ruled
from workflows.rules.return_address import COMES_HOME

AS_ADDRESSED = Sentence("Ingen regel flytter mailen.", "No rule moves the mail.")
NOT_EVALUATED = Sentence(
    "Mailen kunne ikke vurderes, og derfor afleveres den til den, den er skrevet til. Driften har fået besked.",
    "The mail could not be evaluated and is therefore delivered as addressed. IT operations have been told.",
)


def decide(mail: Mail, facts: Facts, now: datetime) -> Decision:
    """What happens to ``mail`` at the instant ``now`` (aware), one outcome per envelope recipient, with the reasons."""
    sender, steps = identify(mail, facts)
    evaluation = _Evaluation(mail, facts, now, sender, [*steps])
    outcomes = tuple([evaluation.outcome(recipient) for recipient in mail.envelope.recipients])
    receipt, step = decide_receipt(mail, sender, outcomes, facts, now)
    return Decision(mail, sender, outcomes, receipt, (*evaluation.trace, step))


def not_evaluated(mail: Mail, returns: Mapping[str, str] = MappingProxyType({})) -> Decision:
    """The fail-safe: everything goes as addressed (``domain.md`` (d)), and says that nobody looked.

    But for ``returns`` (see ``Facts``): what comes home to the guard's own return address can't go there, since it leads back here.
    """
    outcomes = tuple([_not_evaluated(recipient, returns) for recipient in mail.envelope.recipients])
    step = Step("not_evaluated", "yes", NOT_EVALUATED)
    return Decision(mail, Sender(), outcomes, Receipt(reason=Reason.NOT_EVALUATED), (step,))


def _not_evaluated(recipient: str, returns: Mapping[str, str]) -> Outcome:
    if home := returns.get(normalise(recipient)):
        return Outcome(recipient, "redirect", (home,), Reason.NOT_EVALUATED, COMES_HOME)
    return Outcome(recipient, "deliver", (recipient,), Reason.NOT_EVALUATED, NOT_EVALUATED)


@dataclass(slots=True)
class _Evaluation:
    """One run over the recipients. Rules about the sender look once, and so does everything about one and the same recipient."""

    mail: Mail
    facts: Facts
    now: datetime
    sender: Sender
    trace: list[Step]
    shared: dict[str, Finding] = field(default_factory=dict)
    known: dict[str, Outcome] = field(default_factory=dict)

    def outcome(self, recipient: str) -> Outcome:
        """The recipient's outcome; a second RCPT for the same address gets the same."""
        same = normalise(recipient)
        if (known := self.known.get(same)) is None:
            known = self.known[same] = self._decide(recipient)
        if known.address == recipient:
            return known
        return known._replace(address=recipient, deliver_to=(recipient,) if known.action == "deliver" else known.deliver_to)

    def _decide(self, recipient: str) -> Outcome:
        question = Question(self.mail, self.sender, self.facts, self.now, recipient)
        for name, about, look in RULES:
            finding = self.shared.get(name)
            if finding is None:
                finding = look(question)
                of_all = about == "sender"
                if of_all:
                    self.shared[name] = finding
                outcome: Literal["yes", "no"] = "yes" if isinstance(finding, Ruled) else "no"
                self.trace.append(Step(name, outcome, finding.because, None if of_all else recipient))
            if isinstance(finding, Ruled):
                return _outcome(question, finding)
        return Outcome(recipient, "deliver", (recipient,), Reason.OUTSIDE_SCOPE, AS_ADDRESSED)


def _outcome(question: Question, ruled: Ruled) -> Outcome:
    covering = ruled.framework
    employee = question.facts.organisation.employee(question.recipient, question.facts.policy)
    return Outcome(
        address=question.recipient,
        action="redirect" if ruled.to else "deliver",
        deliver_to=(ruled.to or question.recipient,),
        reason=ruled.reason,
        explanation=ruled.because,
        framework=covering.framework.id if covering else None,
        measure=ruled.measure,
        unit=(covering.unit if covering else None) or (employee.unit if employee else None),
        case=covering.case.id if covering and covering.case else None,
    )
