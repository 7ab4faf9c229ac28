"""Who may have written the mails of unknown or doubted senders: looked up together for a group, off the mail's way.

A mail whom nobody resembles costs its share of one look into an index, and nothing of it is read or kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.identity_words import load
from services.store.interface import Store, Unassessed
from workflows.addresses import domain_of, normalise
from workflows.authentication import Verdict, authenticate
from workflows.clues import Clues, clues_from
from workflows.decision import Reason
from workflows.facts import CitizenFile, Organisation
from workflows.likeness import Found, Likeness, Sent, likened, names_of
from workflows.link_answers import Link, asked, link_id
from workflows.notices import House, Notice, NoticeKind, Planning
from workflows.people import Grade, Role

Wire = dict[str, Any]
Told = Mapping[str, Any]
_NOT_A_CITIZEN = frozenset({Reason.INTERNAL_SENDER.value, Reason.AUTHORITY.value, Reason.NOT_EVALUATED.value})


@dataclass(frozen=True, slots=True)
class Guess:
    """What was found about who wrote one mail. ``sentences`` are its clues to mails that follow."""

    likely: tuple[tuple[Likeness, CitizenFile], ...] = ()
    address: int = 0  # as in ``Link.address``
    sentences: tuple[int, ...] = ()

    @property
    def concerns(self) -> bool:
        """Whether the mail's decision has to be looked at."""
        return bool(self.likely or self.sentences)


NOTHING = Guess()


def wants_clues(told: Told) -> bool:
    """Whether a citizen may have written; from the data of the event ``mail.decided``."""
    return not any(one["reason"] in _NOT_A_CITIZEN for one in told["recipients"])


class Likening:
    """Makes guesses of clues, and questions of guesses."""

    def __init__(self, store: Store, house: Callable[[], House]) -> None:
        self._store = store
        self._house = house
        self._words = load()
        self._names: tuple[Organisation | None, frozenset[frozenset[str]]] = (None, frozenset())

    async def guesses(self, mails: Sequence[Unassessed], wires: Sequence[Wire], told: Mapping[str, Told]) -> dict[str, Guess]:
        """By mail; the clues leave ``wires``, so that none of them is kept."""
        clues = {mail.id: clues_from(wire.pop("clues")) for mail, wire in zip(mails, wires, strict=True) if "clues" in wire}
        certain = {id for id in clues if told[id]["grade"] == Grade.VERIFIED}
        doubted = [id for id in clues if id not in certain and clues[id].addresses]
        found = await self._store.identity.resembling([clues[id] for id in doubted])
        made = {id: Guess(sentences=clues[id].sentences) for id in certain}
        for id, people in zip(doubted, found, strict=True):
            if people or told[id]["grade"] == Grade.PROBABLE:
                made[id] = await self._guess(clues[id], people)
        return made

    async def _guess(self, clues: Clues, people: tuple[Found, ...]) -> Guess:
        house = self._house()
        written = {normalise(one) for one in clues.addresses}
        known = {one.file.citizen.id: one for one in people}
        for file in await self._store.files_of(written):
            known.setdefault(file.citizen.id, Found(file))
        address = clues.addresses[0]
        verdict = authenticate(clues.results, domain_of(address), house.policy.authserv_id).verdict
        likely = likened(clues, self._sent(clues, verdict, house), known.values(), self._words)
        worth = [(one, known[one.citizen].file) for one in likely if self._is_question(one, known[one.citizen].file, written)][:1]
        hash = self._store.identity.address(address)
        asked_before = [one for one, _ in worth if await self._store.identity.get(link_id(hash, one.citizen))]
        return Guess(() if asked_before else tuple(worth), hash)

    def _sent(self, clues: Clues, verdict: Verdict, house: House) -> Sent:
        organisation = house.organisation
        if self._names[0] is not organisation:
            self._names = organisation, names_of(one.name for one in organisation.employees.values())
        return Sent(clues.addresses, verdict, house.policy.authentication == "required", self._names[1])

    @staticmethod
    def _is_question(one: Likeness, file: CitizenFile, written: set[str]) -> bool:
        """A registered address is one where a leader can change something: it is registered as probable, or somebody pretends."""
        if one.about == "spoofing":
            return True
        if one.grade is not Grade.PROBABLE or "registered_address" not in one.kinds:
            return one.grade is Grade.PROBABLE
        around = [each for person in file.citizen.people for each in person.addresses]
        own = [each for each in (*file.citizen.addresses, *around) if normalise(each.address) in written]
        return all(each.grade is Grade.PROBABLE for each in own)

    def asked(
        self, mail: Unassessed, guess: Guess, decision: Wire, planned: tuple[Notice, ...], now: datetime
    ) -> tuple[tuple[Notice, ...], tuple[Link, ...]]:
        """``planned`` with the question to a leader, and the link that it is about."""
        house, links = self._house(), list[Link]()
        planning = Planning(decision, mail.id, (), (), house, now, mail.came_at)
        outcomes = decision["recipients"]
        for one, file in guess.likely:
            to = planning.leader_for(file, outcomes)
            link = asked(one, mail.id, to[1] if to else None, guess.address, now)
            if to is None:
                continue
            links.append(link)
            kind: NoticeKind = "identity_spoofing" if one.about == "spoofing" else "identity_likeness"
            others = [each for each in planned if each.kind != "identity_question" or each.about.citizen != one.citizen]
            if kind == "identity_spoofing" or len(others) == len(planned):
                planned = (*others, planning.question(kind, to[0], one.citizen, outcomes))
        return planned, tuple(links)


def words_of(guess: Guess, decision: Wire | None) -> tuple[tuple[int, str], ...]:
    """The sentences that the citizen wrote themselves; what a lawyer writes is none of the client's words."""
    sender = decision["sender"] if decision else {}
    if sender.get("person_role") not in (Role.PARTY, Role.NON_PARTY) or not sender.get("citizen"):
        return ()
    return tuple((hash, sender["citizen"]) for hash in guess.sentences)
