"""What incidents and their checklists are called on pages."""

from collections.abc import Mapping
from typing import NamedTuple

from services.console.framework_words import CATEGORIES, CHANNELS
from services.console.words import N_
from workflows.incident import Point, Situation, WishSays

SITUATIONS: Mapping[Situation, str] = {
    "refusal": N_("Et afslag"),
    "sanction": N_("En sanktion"),
    "repayment": N_("Et krav om tilbagebetaling"),
    "child_placement": N_("En anbringelse af et barn"),
    "missed_deadline": N_("En frist, vi ikke holdt"),
    "caseworker_change": N_("Et skift af sagsbehandler"),
    "known_conflict": N_("Et møde, der var svært på forhånd"),
    "other": N_("Noget andet"),
}
WISHES: Mapping[WishSays, str] = {
    "yes": N_("Ja, det skal anmeldes"),
    "no": N_("Nej, det skal ikke anmeldes"),
    "unsure": N_("Ved det ikke endnu"),
}


class PointWords(NamedTuple):
    """A point's title, what to do, and what its outcomes are called."""

    title: str
    help: str
    outcomes: Mapping[str, str]


_NOT_NEEDED = N_("Der er ikke brug for det")
POINTS: Mapping[Point, PointWords] = {
    "talk": PointWords(
        N_("Tal med medarbejderen"),
        N_("Samme dag. Lyt først. Sig, at det ikke er medarbejderens problem, og at du tager over."),
        {"done": N_("Vi har talt sammen")},
    ),
    "first_aid": PointWords(
        N_("Tilbyd psykisk førstehjælp"),
        N_("Tilbyd det, også når medarbejderen siger, at det går. Krisehjælp kan komme bagefter."),
        {
            "accepted": N_("Tilbudt, og medarbejderen tog imod"),
            "declined": N_("Tilbudt, men ikke ønsket"),
            "not_needed": _NOT_NEEDED,
        },
    ),
    "police": PointWords(
        N_("Tag stilling til politianmeldelse"),
        N_("Inden 72 timer efter hændelsen. Spørg medarbejderen, og skriv ønsket ned først."),
        {"reported": N_("Anmeldt til politiet"), "not_reported": N_("Ikke anmeldt")},
    ),
    "citizen": PointWords(
        N_("Tag kontakt til borgeren"),
        N_("Sig, hvad der skete, og hvad I forventer. Se også efter, om det er os, der er for sent på den."),
        {"done": N_("Borgeren er kontaktet"), "not_needed": _NOT_NEEDED},
    ),
    "work_environment": PointWords(
        N_("Inddrag arbejdsmiljørepræsentanten"),
        N_("Borgerens navn er der ikke brug for."),
        {"done": N_("Arbejdsmiljørepræsentanten er inddraget"), "not_needed": _NOT_NEEDED},
    ),
    "follow_up_1": PointWords(
        N_("Følg op efter en uge"),
        N_("Spørg, hvordan det går, og om aftalerne holder."),
        {"done": N_("Vi har talt sammen"), "not_needed": _NOT_NEEDED},
    ),
    "follow_up_4": PointWords(
        N_("Følg op efter fire uger"),
        N_("Spørg, om det er overstået, og hvad I kan lære af det."),
        {"done": N_("Vi har talt sammen"), "not_needed": _NOT_NEEDED},
    ),
}
NOT_TOLD = N_("Ikke oplyst")
COUNTED: Mapping[str, tuple[str, Mapping[str, str]]] = {  # by aspect of ``workflows.statistics``: its title and its kinds
    "channel": (N_("Hændelser: hvordan"), CHANNELS),
    "kind": (N_("Hændelser: hvad det var"), {**CATEGORIES, "not_told": NOT_TOLD}),
    "severity": (
        N_("Hændelser: hvor alvorlige"),
        {"grave": N_("Alvorlig"), "other": N_("Øvrige"), "near_miss": N_("Lige ved")},
    ),
    "hours": (N_("Hændelser: i og uden for arbejdstid"), {"inside": N_("I arbejdstiden"), "outside": N_("Uden for arbejdstiden")}),
    "situation": (
        N_("Hændelser: hvad udløste dem"),
        {**{str(code): text for code, text in SITUATIONS.items()}, "not_told": NOT_TOLD},
    ),
    "talk": (
        N_("Hændelser: lederens samtale med medarbejderen"),
        {"in_time": N_("Til tiden"), "later": N_("Senere"), "not_yet": N_("Ikke endnu")},
    ),
    "first_aid": (N_("Hændelser: psykisk førstehjælp"), {**POINTS["first_aid"].outcomes, "open": N_("Ikke endnu")}),
    "police": (N_("Hændelser: politianmeldelse"), {**POINTS["police"].outcomes, "open": N_("Ikke endnu")}),
}
OF_SIGNALS: Mapping[str, str] = {  # what a report from a mail is filled in with
    "threat": "threats",
    "home_visit": "physical_insecurity",
    "insult": "offensive_tone",
    "exposure": "public_shaming",
    "private_channel": "private_contact",
    "volume": "volume",
}
