"""Compares what a mail holds with whom the store finds by it: the one way that live mail and ``rammevagt who`` share (law 7)."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.gather import policy_of
from services.identity_words import load
from services.settings import Settings
from services.store.interface import Store
from workflows.addresses import domain_of, normalise
from workflows.authentication import authenticate
from workflows.clues import Clues, clues_of
from workflows.decision import Reason, Sentence
from workflows.facts import CitizenFile, Policy
from workflows.identity_words import IdentityWords, Weight
from workflows.likeness import Doubt, Found, Hint, Likeness, Sent, likened, names_of
from workflows.reading import read_mail

WEIGHTS: Mapping[Weight, Sentence] = {
    "strong": Sentence("stærkt", "strong"),
    "some": Sentence("middel", "some"),
    "little": Sentence("svagt", "weak"),
}
DOUBTS: Mapping[Doubt, Sentence] = {
    "another_name": Sentence(
        "Afsenderen skriver et andet navn end det, vi kender. Det kan være en i familien, eller en, der skriver for borgeren.",
        "The sender writes another name than the one we know. It may be one of the family, or somebody who writes for the citizen.",
    ),
    "employee_namesake": Sentence(
        "En af kommunens medarbejdere hedder det samme. Det kan være medarbejderen, der har skrevet.",
        "One of the municipality's employees has the same name. It may be the employee who has written.",
    ),
    "not_authenticated": Sentence(
        "Vores egen mailserver har ikke kontrolleret afsenderens domæne, og det kræver kommunen.",
        "Our own mail server has not checked the sender's domain, and the municipality requires it.",
    ),
    "authentication_failed": Sentence(
        "Vores egen mailserver kan ikke bekræfte, at mailen kommer fra afsenderens domæne.",
        "Our own mail server cannot confirm that the mail comes from the sender's domain.",
    ),
    "several": Sentence(
        "Der er lige så meget, der taler for en anden.",
        "As much speaks for somebody else.",
    ),
}


_NOT_A_CITIZEN = frozenset({Reason.INTERNAL_SENDER.value, Reason.AUTHORITY.value, Reason.NOT_EVALUATED.value})


def wants_clues(told: Mapping[str, Any]) -> bool:
    """Whether a citizen may have written; of a decision, or the data of the event ``mail.decided``."""
    return not any(one["reason"] in _NOT_A_CITIZEN for one in told["recipients"])


async def who_wrote(store: Store, settings: Settings, content: bytes) -> list[tuple[Likeness, CitizenFile]]:
    """Everybody who may have written a mail (its bytes as they were kept), the likeliest first, with their file.

    It reads a body: in a process of its own, or a command's. Raises ``StoreUnavailable``.
    """
    words = load()
    clues = clues_of(read_mail(content), store.identity.key, words.common)
    [people] = await store.identity.resembling([clues])
    names = names_of(one.name for one in store.organisation().employees.values())
    return await compared(store, clues, people, policy=policy_of(settings), names=names, words=words)


async def compared(
    store: Store, clues: Clues, people: Iterable[Found], *, policy: Policy, names: frozenset[frozenset[str]], words: IdentityWords
) -> list[tuple[Likeness, CitizenFile]]:
    """Everybody whom evidence speaks for, the likeliest first, with their file. ``people`` are whom the clues found, ``names`` our
    employees' (``workflows.likeness.names_of``); whoever is registered with the sender's address is compared too."""
    if not clues.addresses:
        return []
    known = {one.file.citizen.id: one for one in people}
    for file in await store.files_of({normalise(one) for one in clues.addresses}):
        known.setdefault(file.citizen.id, Found(file))
    verdict = authenticate(clues.results, domain_of(clues.addresses[0]), policy.authserv_id).verdict
    sent = Sent(clues.addresses, verdict, policy.authentication == "required", names)
    return [(one, known[one.citizen].file) for one in likened(clues, sent, known.values(), words)]


def wire_of(one: Likeness, words: IdentityWords) -> Mapping[str, Any]:
    """A likeness as JSON, with each piece of evidence (``evidence_of``)."""
    return {
        "citizen": one.citizen,
        "person": one.person,
        "role": one.role.value,
        "grade": one.grade.value,
        "about": one.about,
        "doubts": list(one.doubts),
        "evidence": evidence_of(one.hints, words),
    }


def evidence_of(hints: Iterable[Hint], words: IdentityWords) -> list[dict[str, Any]]:
    """Each with what it weighs, what the mail says beside what we know, and its sentence."""
    return [
        {
            "kind": hint.kind,
            "weight": words.evidence[hint.kind].weight,
            "says": hint.says,
            "known": hint.known,
            "because": {"da": words.evidence[hint.kind].sentence.da, "en": words.evidence[hint.kind].sentence.en},
        }
        for hint in hints
    ]
