"""Who may have written the mails of unknown or doubted senders: looked up together for a group, off the mail's way.

A mail whom nobody resembles costs its share of one look into an index, and nothing of it is read or kept.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from services.identity_words import load
from services.store.interface import Store, StoreUnavailable, Unassessed
from services.who_wrote import compared
from workflows.addresses import normalise
from workflows.clues import Clues, clues_from
from workflows.facts import CitizenFile, Organisation
from workflows.likeness import Found, Likeness, names_of
from workflows.link_answers import WAITING, Link, asked, link_id
from workflows.notices import House, Notice, NoticeKind, Planning
from workflows.people import Grade, Role

log = structlog.get_logger()

Wire = dict[str, Any]
Told = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Guess:
    """What was found about who wrote one mail. ``sentences`` are its clues to mails that follow.

    ``likely`` is what a leader is asked now; ``unanswered`` also what they were asked of an earlier mail, and have not rejected.
    """

    likely: tuple[tuple[Likeness, CitizenFile], ...] = ()
    unanswered: tuple[tuple[Likeness, CitizenFile], ...] = ()
    address: int = 0  # as in ``Link.address``
    sentences: tuple[int, ...] = ()

    @property
    def concerns(self) -> bool:
        """Whether the mail's decision has to be looked at."""
        return bool(self.likely or self.sentences)


NOTHING = Guess()


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
                made[id] = await self._guessed(id, clues[id], people)
        return made

    async def _guessed(self, mail: str, clues: Clues, people: tuple[Found, ...]) -> Guess:
        """What fails here costs this mail its guess, and not its signals. Raises ``StoreUnavailable``."""
        try:
            return await self._guess(clues, people)
        except StoreUnavailable:
            raise
        except Exception as error:
            log.error("likening_failed", mail=mail, why=type(error).__name__)
            return NOTHING

    async def _guess(self, clues: Clues, people: tuple[Found, ...]) -> Guess:
        house = self._house()
        names = self._employees(house.organisation)
        likely = await compared(self._store, clues, people, policy=house.policy, names=names, words=self._words)
        written = {normalise(one) for one in clues.addresses}
        worth = [(one, file) for one, file in likely if self._is_question(one, file, written)][:1]
        hash = self._store.identity.address(clues.addresses[0])
        links = [await self._store.identity.get(link_id(hash, one.citizen)) for one, _ in worth]
        asked_before = any(links)
        waiting = all(one is None or one.state in WAITING for one in links)
        return Guess(() if asked_before else tuple(worth), tuple(worth) if waiting else (), hash)

    def _employees(self, organisation: Organisation) -> frozenset[frozenset[str]]:
        """Their names, folded once for each state of the register."""
        if self._names[0] is not organisation:
            self._names = organisation, names_of(one.name for one in organisation.employees.values())
        return self._names[1]

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
