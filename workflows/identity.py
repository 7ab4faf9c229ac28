"""Who wrote: evidence, doubts, and a grade.

A From header proves nothing. The grade is ``verified`` only for a registered, verified address of one person, in one From
field, that our own upstream does not contradict, and whose answers go to the same person. Any doubt makes it
``probable``: delivered as addressed, and a leader is asked. Only people restrict people, and never on a guess.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from workflows.addresses import domain_of, normalise
from workflows.authentication import Authentication, Verdict, authenticate
from workflows.decision import Evidence, Sender, Sentence, Step
from workflows.facts import CitizenFile, Facts, Policy
from workflows.mail import Headers, Mail
from workflows.people import Grade, Person, RegisteredAddress, Role


class Match(NamedTuple):
    """A registered address among the From addresses: whose it is. ``person`` is None when it is the citizen's own."""

    file: CitizenFile
    person: Person | None
    registered: RegisteredAddress

    def role(self) -> Role:
        """The role of who holds the address."""
        return self.person.role if self.person else self.file.citizen.role

    def whose(self) -> tuple[str, str | None]:
        """What tells two people apart, whatever their names: None is the citizen."""
        return self.file.citizen.id, self.person.name if self.person else None

    def rank(self) -> tuple[str, bool, str, str]:
        """Their place, so that the order in the register never matters."""
        return self.file.citizen.id, self.person is not None, self.person.name if self.person else "", self.role().value


class Looked(NamedTuple):
    """What the doubts look at."""

    headers: Headers
    policy: Policy
    matches: tuple[Match, ...]
    authentication: Authentication


Doubt = Callable[[Looked], Sentence | None]
NOBODY = Sender()  # who is in the register
AUTHORITY = Sender(person_role=Role.AUTHORITY)


def identify(mail: Mail, facts: Facts) -> tuple[Sender, tuple[Step, ...]]:
    """The sender, and a step for each doubt that was looked into (none where nobody registered wrote)."""
    headers = mail.headers
    if any(map(facts.organisation.authorities.include, headers.from_addresses)):
        return AUTHORITY, ()
    matches = tuple(sorted(_matches(headers, facts.files), key=Match.rank)) if facts.files else ()
    if not matches:
        return NOBODY, ()
    looked = Looked(headers, facts.policy, matches, _authentication(headers, facts.policy))
    steps = tuple(_steps(looked))
    grade = Grade.PROBABLE if any(step.outcome == "yes" for step in steps) else Grade.VERIFIED
    return _sender(looked, grade), steps


def _sender(looked: Looked, grade: Grade) -> Sender:
    first = looked.matches[0]
    shared = len({match.whose() for match in looked.matches}) > 1
    evidence = [Evidence("registered_address", normalise(match.registered.address)) for match in looked.matches]
    if looked.authentication.verdict is not Verdict.ABSENT:
        evidence.append(Evidence("authentication", looked.authentication.result))
    return Sender(
        citizen=None if shared else first.file.citizen.id,
        person_role=_role_of_several(looked.matches) if shared else first.role(),
        grade=grade,
        authenticated=looked.authentication.verdict is Verdict.PASSED,
        evidence=tuple(dict.fromkeys(evidence)),
        candidates=tuple(sorted({match.file.citizen.id for match in looked.matches})) if shared else (),
    )


def _role_of_several(matches: tuple[Match, ...]) -> Role:
    """Unknown; but where each is somebody around a citizen (a lawyer of two citizens), whoever wrote is free."""
    roles = {match.role() for match in matches}
    if not roles <= {Role.REPRESENTATIVE, Role.RELATIVE}:
        return Role.UNKNOWN
    return Role.REPRESENTATIVE if Role.REPRESENTATIVE in roles else Role.RELATIVE


def _matches(headers: Headers, files: Iterable[CitizenFile]) -> Iterator[Match]:
    written = {normalise(one) for one in headers.from_addresses}
    for file in files:
        people: list[Person | None] = [None, *file.citizen.people]
        for person in people:
            for registered in (person or file.citizen).addresses:
                if normalise(registered.address) in written:
                    yield Match(file, person, registered)


def _authentication(headers: Headers, policy: Policy) -> Authentication:
    domain = domain_of(headers.from_addresses[0])
    return authenticate(headers.authentication_results, domain, policy.authserv_id)


def _steps(looked: Looked) -> Iterator[Step]:
    for name, doubt, cleared in DOUBTS:
        found = doubt(looked)
        yield Step(name, "yes" if found else "no", found or cleared)


def _two_from(looked: Looked) -> Sentence | None:
    headers = looked.headers
    if headers.from_fields == 1 and len(headers.from_addresses) == 1 and "from" not in headers.unreadable:
        return None
    return Sentence(
        "Mailen har ikke netop én afsender, så vi kan ikke vide, hvem der har skrevet den.",
        "The mail does not name exactly one sender, so we cannot know who wrote it.",
    )


def _shared_address(looked: Looked) -> Sentence | None:
    if len({match.whose() for match in looked.matches}) == 1:
        return None
    return Sentence("Flere personer er registreret med adressen.", "Several people are registered with the address.")


def _registered_as_probable(looked: Looked) -> Sentence | None:
    if all(match.registered.grade is Grade.VERIFIED for match in looked.matches):
        return None
    return Sentence(
        "Adressen er kun registreret som sandsynlig. Ingen leder har bekræftet den.",
        "The address is only registered as probable. No leader has confirmed it.",
    )


def _authentication_failed(looked: Looked) -> Sentence | None:
    match looked.authentication.verdict:
        case Verdict.PASSED:
            return None
        case Verdict.FAILED:
            result = looked.authentication.result
            return Sentence(
                f"Vores egen mailserver kan ikke bekræfte, at mailen kommer fra afsenderens domæne ({result}).",
                f"Our own mail server cannot confirm that the mail comes from the sender's domain ({result}).",
            )
        case Verdict.ABSENT if looked.policy.authentication == "required":
            return Sentence(
                "Vores egen mailserver har ikke kontrolleret afsenderens domæne, og det kræver kommunen.",
                "Our own mail server has not checked the sender's domain, and the municipality requires it.",
            )
    return None


def _reply_to_elsewhere(looked: Looked) -> Sentence | None:
    owner = looked.matches[0].file.citizen
    known = {normalise(one.address) for one in owner.addresses if one.grade is Grade.VERIFIED}
    if person := looked.matches[0].person:
        known = {normalise(one.address) for one in person.addresses if one.grade is Grade.VERIFIED}
    if not looked.headers.reply_to_unreadable and all(normalise(one) in known for one in looked.headers.reply_to):
        return None
    return Sentence(
        "Svar på mailen går til en anden adresse (Reply-To) end dem, vi kender som afsenderens.",
        "Answers to the mail go to another address (Reply-To) than those we know as the sender's.",
    )


# Each doubt: its name in the trace, the check, and what the trace says when there is no doubt.
DOUBTS: tuple[tuple[str, Doubt, Sentence], ...] = (
    ("two_from", _two_from, Sentence("Mailen har én afsender.", "The mail has one sender.")),
    ("shared_address", _shared_address, Sentence("Adressen tilhører én person.", "The address belongs to one person.")),
    (
        "registered_as_probable",
        _registered_as_probable,
        Sentence("Adressen er registreret og bekræftet.", "The address is registered and confirmed."),
    ),
    (
        "authentication",
        _authentication_failed,
        Sentence("Intet taler imod, at mailen kommer fra afsenderens domæne.", "Nothing speaks against it."),
    ),
    (
        "reply_to_elsewhere",
        _reply_to_elsewhere,
        Sentence("Svar på mailen går til afsenderen selv.", "Answers to the mail go to the sender."),
    ),
)
