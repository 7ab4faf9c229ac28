"""Compares what a mail holds with whom the store finds by it: the one way that live mail and ``rammevagt who`` share (law 7)."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.store.interface import Store
from workflows.addresses import domain_of, normalise
from workflows.authentication import authenticate
from workflows.clues import Clues
from workflows.facts import CitizenFile, Policy
from workflows.identity_words import IdentityWords
from workflows.likeness import Found, Likeness, Sent, likened


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
    """A likeness as JSON: each piece of evidence with what it weighs, what the mail says beside what we know, and its sentence."""
    return {
        "citizen": one.citizen,
        "person": one.person,
        "role": one.role.value,
        "grade": one.grade.value,
        "about": one.about,
        "doubts": list(one.doubts),
        "evidence": [
            {
                "kind": hint.kind,
                "weight": words.evidence[hint.kind].weight,
                "says": hint.says,
                "known": hint.known,
                "because": {"da": words.evidence[hint.kind].sentence.da, "en": words.evidence[hint.kind].sentence.en},
            }
            for hint in one.hints
        ],
    }
