"""The parts that each letter must have, and what each part must hold (``domain.md`` (e); the numbers are those of its list).

A part is refused when a value that it is made of is missing, when the author's own words leave out a fact or a reason that the
citizen is owed, and when it is empty.
"""

from collections.abc import Mapping

from workflows.decision import Sentence
from workflows.letters.shapes import Kind, Language

Part = str

# A letter about a framework in force has all thirteen.
_THIRTEEN: tuple[Part, ...] = (
    "measures",  # 1
    "scope",  # 2
    "facts",  # 3
    "reasons",  # 4
    "dates",  # 5
    "way_back",  # 6
    "answers",  # 7
    "open",  # 8
    "help",  # 9
    "danger",  # 10
    "objection",  # 11
    "data",  # 12
    "closing",  # 13
)
MANDATORY: Mapping[Kind, tuple[Part, ...]] = {
    "warning": ("acts", "effect", "expectation", "consequence", "talk", "open", "help", "danger", "data", "closing"),
    "hearing": ("measures", "facts", "reasons", "dates", "reply", "assistance", "open", "help", "danger", "data", "closing"),
    "decision": _THIRTEEN,
    "urgent": (*_THIRTEEN[:6], "reply", *_THIRTEEN[6:]),
    "extension": _THIRTEEN,
    "easing": ("measures", "scope", "because", "dates", "way_back", "open", "help", "danger", "objection", "data", "closing"),
    "lifting": ("ended", "because", "open", "help", "data", "closing"),
    "upheld": ("measures", "because", "dates", "way_back", "open", "help", "danger", "objection", "data", "closing"),
    "apology": ("ended", "because", "apology", "breach", "help", "objection", "data", "closing"),
}

# The values that a part is made of. Each stands in the part's text as it is read from the files, and what it names stays there when
# an author rewrites it.
_VALUES: Mapping[Part, tuple[str, ...]] = {
    "acts": ("happenings",),
    "effect": ("burden",),
    "expectation": ("expects",),
    "consequence": ("consequence",),
    "talk": ("talk", "phone"),
    "measures": ("measures",),
    "scope": ("scope", "outside"),
    "facts": ("happenings",),
    "reasons": ("reason", "milder", "legal_basis"),
    "dates": ("starts", "review", "ends"),
    "way_back": ("way_back",),
    "answers": ("mailbox", "answer_days", "leader"),
    "help": ("phone", "phone_hours"),
    "danger": ("urgent_phone",),
    "objection": ("mailbox",),
    "data": ("kept", "dpo"),
    "reply": ("mailbox",),
    "because": ("because",),
    "ended": ("today",),
    "breach": ("breach",),
    "closing": ("signer", "unit", "municipality"),
}
_OF_KIND: Mapping[tuple[Kind, Part], tuple[str, ...]] = {
    ("hearing", "reply"): ("answer_by", "mailbox"),
    ("hearing", "dates"): ("starts", "ends"),
    ("urgent", "facts"): ("threat",),
    ("urgent", "dates"): ("starts", "lapses"),
    ("urgent", "way_back"): ("lapses",),
    ("easing", "dates"): ("review", "ends"),
    ("upheld", "dates"): ("review", "ends"),
}

# The same where the matter has them: what the citizen answered to the hearing, or why there was none.
IF_THERE: Mapping[tuple[Kind, Part], tuple[str, ...]] = {
    ("decision", "facts"): ("reply", "no_hearing"),
    ("urgent", "facts"): ("no_hearing",),
}

# Words that must stand in a part; of several with a bar between them, one. Compared without regard to case.
WORDS: Mapping[Part, Mapping[Language, tuple[str, ...]]] = {
    "open": {"da": ("klage", "søge", "Digital Post"), "en": ("complain", "apply", "Digital Post")},
    "danger": {"da": ("112",), "en": ("112",)},
    "objection": {"da": ("Ombudsmand", "Ankestyrelsen"), "en": ("Ombudsman", "Ankestyrelsen")},
    "data": {"da": ("Datatilsynet", "indsigt"), "en": ("Datatilsynet", "access")},
    "assistance": {"da": ("bisidder", "repræsentere|repræsentant"), "en": ("companion", "represent")},
    "apology": {"da": ("undskyld|beklager",), "en": ("sorry|apologise",)},
}

# Parts that an author may add to, and nothing else: some roads can't be closed (law 5).
FIXED = frozenset({"open"})

NAMES: Mapping[Part, Sentence] = {
    "acts": Sentence("hvad der er sket", "what has happened"),
    "effect": Sentence("hvad det betyder for arbejdet", "what it means for the work"),
    "expectation": Sentence("hvad I forventer", "what you expect"),
    "consequence": Sentence("hvad der ellers sker", "what happens otherwise"),
    "talk": Sentence("tilbuddet om en samtale", "the offer of a talk"),
    "measures": Sentence("hvordan borgeren kontakter jer", "how the citizen contacts you"),
    "scope": Sentence("hvad rammen gælder", "what the framework covers"),
    "facts": Sentence("hvad I lægger vægt på", "what you rely on"),
    "reasons": Sentence("begrundelsen", "the reasons"),
    "dates": Sentence("hvor længe rammen gælder", "how long the framework lasts"),
    "way_back": Sentence("vejen tilbage", "the way back"),
    "answers": Sentence("hvem der svarer", "who answers"),
    "open": Sentence("hvad der altid er åbent", "what always stays open"),
    "help": Sentence("hjælp til at kontakte jer", "help to contact you"),
    "danger": Sentence("hvad borgeren gør, hvis det haster", "what the citizen does if it is urgent"),
    "objection": Sentence("hvordan borgeren gør indsigelse", "how the citizen objects"),
    "data": Sentence("personoplysninger", "personal data"),
    "closing": Sentence("hilsen og afsender", "the greeting and the sender"),
    "reply": Sentence("hvordan borgeren svarer", "how the citizen replies"),
    "assistance": Sentence("retten til bistand", "the right to assistance"),
    "because": Sentence("begrundelsen", "the reasons"),
    "ended": Sentence("at rammen er slut", "that the framework has ended"),
    "apology": Sentence("undskyldningen", "the apology"),
    "breach": Sentence("vurderingen af persondata", "the assessment of personal data"),
}


def values_of(kind: Kind, part: Part) -> tuple[str, ...]:
    """The values that ``part`` of such a letter can't do without."""
    return _OF_KIND.get((kind, part), _VALUES.get(part, ()))


def words_of(kind: Kind, part: Part, language: Language) -> tuple[str, ...]:
    """The words that ``part`` must hold; what a letter that has no part on assistance says of it stands in the open roads."""
    words = WORDS.get(part, {}).get(language, ())
    return (*words, *WORDS["assistance"][language]) if part == "open" and "assistance" not in MANDATORY[kind] else words
