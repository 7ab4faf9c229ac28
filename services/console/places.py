"""Where each thing that is missing can be mended: a step of the guided path, or a field of the page itself."""

from collections.abc import Iterable
from typing import NamedTuple

from services.console.frameworks import Opened
from workflows.decision import Sentence
from workflows.dossier import letter_of
from workflows.hearing import UNHEARD
from workflows.lifecycle_checks import NOT_A_LAWYER, NOTHING_NEW, URGENT_AGAIN
from workflows.lifecycle_framework import NOT_BACKWARDS

_STEP = {
    "Vælg, hvad rammen gælder.": "scope",
    "Vælg sager og enheder, der findes.": "scope",
    "Vælg enten sager, enheder eller hele kommunen.": "scope",
    "Vælg kun borgerens egne sager.": "scope",
    "Skriv, hvorfor en enkelt sag ikke er nok.": "scope",
    "Vælg, hvilken enhed brevet kommer fra.": "scope",
    "Skriv mindst én hændelse fra det seneste år, med dato.": "happenings",
    "Skriv mindst én hændelse, med dato.": "happenings",
    NOTHING_NEW.da: "happenings",
    URGENT_AGAIN.da: "happenings",
    "Vælg, hvad der har været svært.": "happenings",
    "Skriv, hvad det betyder for arbejdet.": "happenings",
    "Skriv, hvilke mildere midler I har overvejet, og hvorfor de ikke er nok.": "milder",
    "Tag stilling til, om borgeren har brug for særlige hensyn.": "needs",
    "Tag stilling til, om borgeren har en repræsentant.": "needs",
    "Vælg mindst ét tiltag.": "measures",
    "Skriv begrundelsen.": "measures",
    "Skriv, hvilket grundlag rammen bygger på.": "measures",
    "Borgeren kan ikke skrive. Vælg et andet tiltag end kun skriftlig kontakt.": "measures",
    "Vælg adresser i kommunen selv.": "measures",
    "Vælg én ny sagsbehandler, så skiftet ikke går i ring.": "measures",
    "Vælg kun én postkasse og én fast kontakt.": "measures",
    "Vælg en funktionspostkasse: enheden har ikke sin egen.": "measures",
    "Sluttidspunktet skal ligge efter starttidspunktet.": "measures",
    "Vælg start, evaluering og slut.": "time",
    "Vælg, hvornår rammen begynder.": "time",
    "Vælg, hvornår I ser på rammen igen.": "time",
    "Vælg, hvornår rammen slutter.": "time",
    "Slutdagen skal ligge efter i dag og efter start.": "time",
    "Rammen kan højst vare 12 måneder. Forlæng den senere, hvis der er grund til det.": "time",
    "Evalueringen skal ligge efter start og mindst 14 dage før slut.": "time",
    "Vælg i dag som start: det haster.": "time",
    NOT_BACKWARDS.da: "time",
    "Skriv, hvad der skal til, for at rammen kan lempes.": "time",
}
_FIELD = {
    "Skriv hvorfor.": "because",  # or what stands in its place
    "Skriv, hvordan fejlen skete.": "cause",
    "Skriv, om det var et brud på persondatasikkerheden.": "breach",
    "Skriv, hvad borgeren beder om.": "text",
    "Beskriv truslen.": "threat",
    "Skriv, hvad I forventer fremover.": "expects",
    "Skriv, hvad der ellers sker.": "consequence",
    "Skriv, hvilken samtale eller hjælp I har tilbudt.": "talk",
    "Skriv, hvilken samtale eller hjælp I tilbyder.": "talk",
    "Skriv, hvorfor mildere midler stadig ikke er nok.": "milder_not_enough",
    "Send først en advarsel, eller skriv, hvorfor I springer den over.": "no_warning_because",
    "Rammen griber ind i grad 3. Hør først borgeren (partshøring).": "no_hearing_because",
    "Rammen har indgrebsgrad 3. Skriv, hvorfor borgeren ikke er hørt først.": "no_hearing_because",
    "Rammen griber ind i grad 3. Skriv, hvilket retligt grundlag I har for ikke at høre borgeren først.": "no_hearing_because",
    "Skriv, om borgeren har svaret på høringen.": "answered",
    "Skriv, hvad borgeren svarede, og hvad det ændrer.": "objections",
    "Skriv, om borgeren har svaret på høringen, og hvad det ændrer.": "objections",
    "Giv borgeren en frist, der ligger efter i dag.": "answer_by",
    "Vælg, hvornår borgeren senest skal svare.": "answer_by",
    "Spørg en jurist, og skriv, hvad juristen svarede.": "lawyer",
    NOT_A_LAWYER.da: "lawyer",
    "Brevet er ikke nået frem endnu. Vent, til borgeren kan læse det.": "delivered",
    "Brevet kan ikke være nået frem, før det blev skrevet. Ret dagen.": "delivered",
    "Brevet nåede frem før beslutningen. Vælg brevet om denne beslutning.": "delivered",
    "Fortæl det til de medarbejdere, det angår.": "staff_informed",
    "Skriv mindst én hændelse fra den periode, der slutter. Er der ingen, så lad rammen slutte.": "on.0",
    "Vælg, hvad der skal lempes.": "keep.0",
    "En lempelse kan kun fjerne tiltag, sager eller tid. Det andet kræver en ny beslutning.": "ends",
    "Skal alle tiltag væk, så ophæv rammen.": "keep.0",
    "Skriv, hvad der skete, og hvilken dag.": "what.0",
    "Skriv, hvem brevet er til.": "recipient",
    "Skriv, hvad der skal rettes.": "because",
}
_LETTER = {  # the move whose letter has yet to be written down as received
    "Skriv først, hvornår advarslen nåede frem til borgeren, eller skriv, hvorfor I springer den over.": "warned",
    "Skriv først, hvornår høringsbrevet nåede frem til borgeren.": "heard",
    "Skriv først, hvornår brevet om rammen nåede frem til borgeren.": "activated_urgently",
}
_AGAIN = {"Høringsbrevet nåede først frem, da fristen var gået. Hør borgeren igen med en ny frist.", *(one.da for one in UNHEARD)}


class Missing(NamedTuple):
    """What to do, and where: ``href`` leads there, if it is somewhere in the console."""

    sentence: Sentence
    href: str | None
    here: bool  # on this page


def places(found: Opened, sentences: Iterable[Sentence], fields: Iterable[str] = ()) -> tuple[Missing, ...]:
    """Each sentence with the place where it is mended. ``fields`` are those of this page."""
    own = set(fields)
    return tuple([_place(found, one, own) for one in dict.fromkeys(sentences)])


def _place(found: Opened, one: Sentence, own: set[str]) -> Missing:
    field = _FIELD.get(one.da)
    if field == "because" and "cause" in own:
        field = "cause"
    step = _STEP.get(one.da)
    if told := found.dossier.last(_LETTER.get(one.da, "")):
        return Missing(one, f"{found.path}/letters/{letter_of(told.record)}/delivered", here=False)
    if one.da in _AGAIN:
        return Missing(one, f"{found.path}/move/heard", here=False)
    if field and field.split(".")[0] in {name.split(".")[0] for name in own}:
        return Missing(one, f"#{field}", here=True)
    if step == "time" and {"starts", "ends"} & own:
        return Missing(one, "#ends", here=True)
    if step and not own & {"happenings", "keep"}:
        return Missing(one, f"{found.path}/write/{step}", here=False)
    return Missing(one, None, here=False)
