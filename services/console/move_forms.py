"""What each move asks for: a few fields, said as questions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from services.console.framework_words import WAYS
from services.console.frameworks import Opened
from services.console.words import N_
from workflows.dossier import Dossier, letter_of
from workflows.intervention import intervention
from workflows.letters import Kind
from workflows.lifecycle_told import was_heard

Shape = Literal["text", "line", "day", "yes_no", "check", "choice", "many", "address", "happenings", "delivered"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One question. ``options`` are (value, name) pairs where there are some to choose from."""

    name: str
    label: str
    shape: Shape = "text"
    help: str | None = None
    required: bool = True
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class MoveForm:
    """One move as a page: its title, what it comes to, the words of its button, the letter that goes with it."""

    title: str
    lead: str
    button: str
    asks: Callable[[Opened], tuple[Ask, ...]]
    letter: Kind | None = None


PROOF = (  # that a letter reached the citizen
    Ask("way", N_("Hvordan kom brevet frem?"), "choice", options=tuple(WAYS.items())),
    Ask("delivered", N_("Hvornår kunne borgeren læse det?"), "delivered", N_("I Digital Post: da brevet lå i postkassen.")),
    Ask(
        "reference",
        N_("Reference"),
        "line",
        N_("Nummeret fra Digital Post eller postens kvittering, hvis I har det."),
        required=False,
    ),
)
_BECAUSE = Ask("because", N_("Hvorfor?"), help=N_("Skriv kort og sagligt. Borgeren får det at læse."))
_WHY = Ask("because", N_("Hvorfor?"))
_STAFF = Ask("staff_informed", N_("De medarbejdere, det angår, har fået besked"), "check")
_LAWYER = (
    Ask("lawyer", N_("Hvilken jurist har I spurgt?"), "address", N_("Juristens mailadresse i kommunen.")),
    Ask("lawyer_says", N_("Hvad svarede juristen?")),
)


def _just(*asks: Ask) -> Callable[[Opened], tuple[Ask, ...]]:
    return lambda _: asks


def _decided(found: Opened) -> tuple[Ask, ...]:
    """Only what this framework is to be asked."""
    one, asks = found.written, []
    if found.dossier.last("heard"):
        asks.append(Ask("answered", N_("Svarede borgeren på høringen?"), "yes_no"))
        help = N_("Skriv det, som borgeren selv ville genkende.")
        asks.append(Ask("objections", N_("Hvad svarede borgeren, og hvad ændrer det?"), help=help, required=False))
    elif intervention(one).degree == 3:
        help = N_("Ved indgrebsgrad 3 hører I borgeren først. Kun et retligt grundlag kan gøre, at I lader være.")
        asks.append(Ask("no_hearing_because", N_("Hvorfor hører I ikke borgeren først?"), help=help, required=False))
    if not found.dossier.last("activated_urgently") and not _was_warned(found.dossier):
        help = N_("Det almindelige er at advare først. Springer I det over, skal der stå hvorfor.")
        required = not found.dossier.last("warned")  # of one that was written it may be written first that it arrived
        asks.append(Ask("no_warning_because", N_("Hvorfor kommer der ikke en advarsel først?"), help=help, required=required))
    return (*asks, *(_LAWYER if found.approval_of(one) else ()))


def _was_warned(one: Dossier) -> bool:
    warned = one.last("warned")
    return warned is not None and letter_of(warned.record) in one.proofs


def _urgent(found: Opened) -> tuple[Ask, ...]:
    threat = Ask(
        "threat", N_("Hvad er truslen?"), help=N_("Hvad blev der skrevet eller sagt, og hvornår? Borgeren får det at læse.")
    )
    one = found.written
    if intervention(one).degree < 3 or was_heard(found.dossier, one, found.around.cases):
        return (threat,)
    return threat, Ask("no_hearing_because", N_("På hvilket grundlag hører I ikke borgeren først?"))


def _extended(found: Opened) -> tuple[Ask, ...]:
    return (
        Ask("happenings", N_("Hvad er der sket i den periode, der slutter?"), "happenings"),
        Ask("without_incident_because", N_("Er der ikke sket noget: hvorfor skal rammen alligevel fortsætte?"), required=False),
        Ask("milder_not_enough", N_("Hvorfor er mildere midler stadig ikke nok?")),
        Ask("starts", N_("Gælder fra"), "day"),
        Ask("review", N_("Evalueres senest"), "day", N_("Mindst 14 dage før den slutter.")),
        Ask("ends", N_("Gælder til og med"), "day"),
        *(_LAWYER if found.dossier.framework.approved_by else _optional(_LAWYER)),
    )


def _optional(asks: tuple[Ask, ...]) -> tuple[Ask, ...]:
    return tuple([Ask(one.name, one.label, one.shape, one.help, required=False) for one in asks])


def _activated(found: Opened) -> tuple[Ask, ...]:
    return (
        *PROOF,
        _STAFF,
    )


def _eased(found: Opened) -> tuple[Ask, ...]:
    return (
        _BECAUSE,
        Ask("keep", N_("Disse tiltag bliver"), "many", N_("Fjern fluebenet ved det, der ikke længere er brug for.")),
        Ask("review", N_("Evalueres senest"), "day"),
        Ask("ends", N_("Gælder til og med"), "day", N_("En lempelse kan gøre rammen kortere, ikke længere.")),
        _STAFF,
    )


FORMS: Mapping[str, MoveForm] = {
    "warned": MoveForm(
        N_("Advar borgeren"),
        N_("Et brev om, hvad der er sket, hvad I beder om, og hvad der ellers sker. Intet ændrer sig i mailgangen."),
        N_("Gør brevet færdigt"),
        _just(
            Ask("expects", N_("Hvad beder I borgeren om fremover?"), help=N_("Så konkret, at borgeren kan gøre det.")),
            Ask("consequence", N_("Hvad sker der, hvis det fortsætter?")),
            Ask("talk", N_("Hvilken samtale eller hjælp tilbyder I?")),
        ),
        "warning",
    ),
    "heard": MoveForm(
        N_("Hør borgeren"),
        N_("Borgeren får jeres oplysninger og kan svare, før I beslutter noget (partshøring)."),
        N_("Gør brevet færdigt"),
        _just(
            Ask("answer_by", N_("Hvornår skal borgeren senest svare?"), "day"),
            Ask("lawyer", N_("Hvilken jurist er orienteret?"), "address", required=False),
        ),
        "hearing",
    ),
    "decided": MoveForm(
        N_("Beslut rammen"),
        N_("Rammen gælder først, når borgeren har fået brevet, og du har skrevet, hvornår det nåede frem."),
        N_("Beslut rammen"),
        _decided,
        "decision",
    ),
    "activated": MoveForm(
        N_("Borgeren har fået besked"),
        N_("Hent brevet, send det, og skriv her, hvornår det nåede frem. Så gælder rammen fra den dag, den begynder."),
        N_("Sæt rammen i kraft"),
        _activated,
    ),
    "activated_urgently": MoveForm(
        N_("Sæt rammen i kraft straks"),
        N_("Kun ved en alvorlig trussel. Rammen gælder nu og højst fem arbejdsdage, og brevet skal sendes i dag."),
        N_("Sæt i kraft nu"),
        _urgent,
        "urgent",
    ),
    "due_for_review": MoveForm(
        N_("Se på rammen før tid"),
        N_("Der skal tages stilling til, om der stadig er brug for rammen."),
        N_("Begynd evalueringen"),
        _just(
            Ask(
                "trigger",
                N_("Hvad er anledningen?"),
                "choice",
                options=(
                    ("citizens_request", N_("Borgeren har bedt om det")),
                    ("new_incident", N_("Der er sket noget nyt")),
                    ("case_closed", N_("Sagen er slut")),
                ),
            )
        ),
    ),
    "extended": MoveForm(
        N_("Forlæng rammen"),
        N_("En ny beslutning med en ny slutdag. Den bygger på det, der er sket, mens rammen har gældt."),
        N_("Beslut forlængelsen"),
        _extended,
        "extension",
    ),
    "eased": MoveForm(N_("Lemp rammen"), N_("Rammen beder om mindre af borgeren fra nu af."), N_("Lemp rammen"), _eased, "easing"),
    "observe_begun": MoveForm(
        N_("Sæt rammen på prøve"),
        N_("Rammen flytter ingen mails fra nu af. Vagten skriver ned, hvad den ville have gjort."),
        N_("Sæt rammen på prøve"),
        _just(_WHY, _STAFF),
    ),
    "observe_ended": MoveForm(
        N_("Afslut prøven"),
        N_("Fra nu af følger mailgangen rammen, sådan som borgeren har fået besked om."),
        N_("Lad mailgangen følge rammen"),
        _just(_WHY, _STAFF),
    ),
    "lifted": MoveForm(
        N_("Ophæv rammen"),
        N_("Rammen slutter nu, og mails går igen til dem, de er sendt til."),
        N_("Ophæv rammen"),
        _just(_BECAUSE, _STAFF),
        "lifting",
    ),
    "reconsideration_asked": MoveForm(
        N_("Borgeren beder om genovervejelse"),
        N_("Skriv det ned, så en anden leder kan se på rammen igen."),
        N_("Gem ønsket"),
        _just(
            Ask(
                "asked_by",
                N_("Hvem beder om det?"),
                "choice",
                options=(("citizen", N_("Borgeren selv")), ("representative", N_("En repræsentant"))),
            ),
            Ask("text", N_("Hvad bliver der bedt om?"), help=N_("Gerne med borgerens egne ord.")),
            Ask("suspended", N_("Sæt rammen på pause imens (kun en leder)"), "check", required=False),
        ),
    ),
    "upheld": MoveForm(
        N_("Fasthold rammen"), N_("Du har set på rammen igen, og den bliver."), N_("Fasthold rammen"), _just(_BECAUSE), "upheld"
    ),
    "rejected": MoveForm(
        N_("Det skal ikke være en ramme"),
        N_("Kladden lukkes. Det, der er skrevet, bliver i historikken."),
        N_("Luk kladden"),
        _just(_WHY),
    ),
    "registered_in_error": MoveForm(
        N_("Rammen er en fejl"),
        N_("Den skulle aldrig have været der. Den ophæves med det samme, og borgeren får en undskyldning."),
        N_("Ophæv som fejl"),
        _just(
            Ask("cause", N_("Hvordan skete fejlen?")),
            Ask("breach", N_("Er det et brud på persondatasikkerheden?"), help=N_("Skriv også, hvad I har gjort ved det.")),
        ),
        "apology",
    ),
}
