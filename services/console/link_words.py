"""*Er det den samme?* in words: what was answered, and why an answer can't be given."""

from collections.abc import Mapping
from typing import Any

from services.console.words import N_
from services.who_wrote import DOUBTS, WEIGHTS
from workflows.decision import Sentence

STATES = {  # by the state, and by what was asked: how it stands, with its look
    "open": (N_("Venter på svar"), "look"),
    "later": (N_("Udsat"), "wait"),
    "confirmed": (N_("Det er den samme"), "well"),
    "rejected": (N_("Det er en anden"), "off"),
    "seen": (N_("Set"), "off"),
}
WEIGHT_CHIPS = {"strong": "on", "some": "wait", "little": "off"}
HIDDEN = {"cpr": N_("Nummeret vises ikke"), "phone": N_("Nummeret vises ikke"), "same_words": N_("Ordene vises ikke")}
KEPT_AWAY = N_("Det er en anden enheds sag")
REFUSED: Mapping[str, Sentence] = {
    "not_open": Sentence("Spørgsmålet er besvaret.", "The question is answered."),
    "not_answered": Sentence("Der er ikke noget svar at fortryde.", "There is no answer to take back."),
    "spoofing": Sentence(
        "Adressen kan ikke bekræftes ud fra en mail, som jeres egen mailserver ikke kan stå inde for.",
        "The address cannot be confirmed by a mail that your own mail server does not vouch for.",
    ),
    "asked_twice": Sentence(
        "Spørgsmålet er udsat én gang og kan ikke udsættes igen. Det venter, til du svarer.",
        "The question was put off once and can't be put off again. It waits until you answer.",
    ),
    "no_address": Sentence(
        "Adressen kendes ikke mere: mailen er slettet, eller adressen er taget ud af registret.",
        "The address is not known any more: the mail is deleted, or the address was taken out of the register.",
    ),
    "no_person": Sentence(
        "Den, adressen skulle tilhøre, står ikke mere i registret.",
        "The one to whom the address should belong is no longer in the register.",
    ),
}
TEXTS: Mapping[str, Any] = {  # what ``link_macros.html`` reads
    "link_states": STATES,
    "weights": WEIGHTS,
    "weight_chips": WEIGHT_CHIPS,
    "evidence_hidden": HIDDEN,
    "kept_away": KEPT_AWAY,
    "doubts": DOUBTS,
}
