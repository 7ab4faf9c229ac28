"""What to do when a value that a letter needs is not there."""

from collections.abc import Mapping
from textwrap import shorten

from workflows.decision import Sentence


def _setting(what_da: str, what_en: str, name: str) -> Sentence:
    return Sentence(
        f"{what_da} mangler. Bed it-driften om at skrive det i indstillingen letters.{name}.",
        f"{what_en} is missing. Ask IT operations to write it in the setting letters.{name}.",
    )


WANTED: Mapping[str, Sentence] = {
    "happenings": Sentence("Skriv mindst én hændelse, med dato.", "Write at least one incident, with its date."),
    "burden": Sentence("Skriv, hvad det betyder for arbejdet.", "Write what it means for the work."),
    "expects": Sentence("Skriv, hvad I forventer fremover.", "Write what you expect from now on."),
    "consequence": Sentence("Skriv, hvad der ellers sker.", "Write what happens otherwise."),
    "talk": Sentence("Skriv, hvilken samtale eller hjælp I tilbyder.", "Write which talk or help you offer."),
    "measures": Sentence("Vælg mindst ét tiltag.", "Choose at least one measure."),
    "scope": Sentence("Vælg, hvad rammen gælder.", "Choose what the framework covers."),
    "outside": Sentence("Vælg, hvad rammen gælder.", "Choose what the framework covers."),
    "reason": Sentence("Skriv begrundelsen.", "Write the reasons."),
    "milder": Sentence(
        "Skriv, hvilke mildere midler I har overvejet, og hvorfor de ikke er nok.",
        "Write which milder means you considered, and why they do not do.",
    ),
    "legal_basis": Sentence("Skriv, hvilket grundlag rammen bygger på.", "Write which basis the framework has."),
    "starts": Sentence("Vælg, hvornår rammen begynder.", "Choose when the framework begins."),
    "review": Sentence("Vælg, hvornår I ser på rammen igen.", "Choose when you look at the framework again."),
    "ends": Sentence("Vælg, hvornår rammen slutter.", "Choose when the framework ends."),
    "lapses": Sentence("Vælg, hvornår rammen begynder.", "Choose when the framework begins."),
    "way_back": Sentence(
        "Skriv, hvad der skal til, for at rammen kan lempes.", "Write what it takes for the framework to be eased."
    ),
    "mailbox": Sentence(
        "Enheden har ingen postkasse, som borgeren kan skrive til. Skriv den i registret, eller vælg en i rammen.",
        "The unit has no mailbox that the citizen can write to. Write it in the register, or choose one in the framework.",
    ),
    "leader": Sentence("Enhedens leder mangler i registret.", "The unit's leader is missing from the register."),
    "unit": Sentence("Vælg, hvilken enhed brevet kommer fra.", "Choose which unit the letter comes from."),
    "signer": Sentence("Skriv, hvem der sender brevet.", "Write who sends the letter."),
    "reply": Sentence(
        "Skriv, om borgeren har svaret på høringen, og hvad det ændrer.",
        "Write whether the citizen answered the hearing, and what it changes.",
    ),
    "no_hearing": Sentence(
        "Rammen har indgrebsgrad 3. Skriv, hvorfor borgeren ikke er hørt først.",
        "The framework has intervention degree 3. Write why the citizen was not heard first.",
    ),
    "answer_by": Sentence("Vælg, hvornår borgeren senest skal svare.", "Choose by when the citizen has to answer."),
    "because": Sentence("Skriv hvorfor.", "Write why."),
    "threat": Sentence("Beskriv truslen.", "Describe the threat."),
    "breach": Sentence("Skriv, om det var et brud på persondatasikkerheden.", "Write whether it was a breach of personal data."),
    "phone": _setting("Det telefonnummer, som borgeren kan ringe til,", "The number that the citizen can call", "phone"),
    "phone_hours": _setting("Telefonens åbningstid", "When the telephone is answered", "phone_hours"),
    "urgent_phone": _setting("Nummeret til akut social hjælp", "The number for urgent social help", "urgent_phone"),
    "dpo": _setting("Databeskyttelsesrådgiverens adresse eller nummer", "The data protection officer's address or number", "dpo"),
}
SHOWN = 80  # characters of what somebody wrote
NO_RECIPIENT = Sentence("Skriv, hvem brevet er til.", "Write whom the letter is to.")
NO_TITLE = Sentence("Giv brevet en overskrift.", "Give the letter a title.")


def empty(name: Sentence) -> Sentence:
    """A part that must be there says nothing."""
    return Sentence(
        f"Delen om {name.da} er tom. Skriv den, eller hent standardteksten igen.",
        f"The part on {name.en} is empty. Write it, or take the standard text again.",
    )


def left_out(name: Sentence, what: str) -> Sentence:
    """A part no longer says what the citizen is owed."""
    one = what.split("|", maxsplit=1)[0]
    return Sentence(
        f"Delen om {name.da} skal nævne “{one}”. Skriv det ind igen, eller hent standardteksten.",
        f"The part on {name.en} must mention “{one}”. Write it in again, or take the standard text.",
    )


def unsaid(name: Sentence, what: str) -> Sentence:
    """A part no longer says what somebody wrote about the matter, and the citizen is owed."""
    told = shorten(what, SHOWN, placeholder=" …").rstrip(".")
    return Sentence(
        f"Delen om {name.da} skal rumme “{told}”. Hent standardteksten igen. Vil du sige det anderledes, så ret det i feltet.",
        f"The part on {name.en} must hold “{told}”. Take the standard text again. To say it otherwise, change it in its field.",
    )


def cut(name: Sentence) -> Sentence:
    """A part that only may be added to has lost something."""
    return Sentence(
        f"Delen om {name.da} skal have hele standardteksten. Du må gerne skrive mere til. Hent standardteksten igen.",
        f"The part on {name.en} must have all of the standard text. You may add to it. Take the standard text again.",
    )


def gone(name: Sentence) -> Sentence:
    """The texts as the municipality has them do without a part that must be there."""
    return Sentence(
        f"Brevet mangler delen om {name.da}. Bed it-driften om at rette kommunens brevtekster.",
        f"The letter lacks the part on {name.en}. Ask IT operations to mend the municipality's letter texts.",
    )
