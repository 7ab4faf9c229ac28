"""What is called what on pages about frameworks: states, moves, measures and answers, each in words."""

from collections.abc import Mapping
from datetime import date

from services.console.words import N_
from workflows.framework import IN_FORCE, ContactFramework

STATES: Mapping[str, tuple[str, str]] = {  # its name, and how its chip looks
    "reported": (N_("Indberettet"), "wait"),
    "draft": (N_("Kladde"), "off"),
    "warning": (N_("Advaret"), "wait"),
    "hearing": (N_("I høring"), "wait"),
    "decided": (N_("Besluttet"), "wait"),
    "active": (N_("I kraft"), "on"),
    "urgent": (N_("I kraft straks"), "look"),
    "under_review": (N_("Skal evalueres"), "look"),
    "under_reconsideration": (N_("Genovervejes"), "look"),
    "lifted": (N_("Ophævet"), "off"),
    "expired": (N_("Udløbet"), "off"),
    "rejected": (N_("Afvist"), "off"),
    "registered_in_error": (N_("Fejlregistreret"), "off"),
}
ON_TRIAL = (N_("På prøve"), "wait")
HISTORY: Mapping[str | None, str] = {
    None: N_("Der blev skrevet på kladden"),
    "reported": N_("En hændelse blev indberettet"),
    "drafted": N_("Taget op som kladde"),
    "warned": N_("Borgeren blev advaret"),
    "heard": N_("Sendt i høring hos borgeren"),
    "submitted": N_("Indstillet til chefens godkendelse"),
    "sent_back": N_("Sendt tilbage fra chefen"),
    "decided": N_("Rammen blev besluttet"),
    "activated": N_("Borgeren fik besked"),
    "activated_urgently": N_("Sat i kraft straks"),
    "due_for_review": N_("Klar til at blive evalueret"),
    "extended": N_("Forlængelse blev besluttet"),
    "eased": N_("Rammen blev lempet"),
    "observe_begun": N_("Rammen blev sat på prøve"),
    "observe_ended": N_("Prøven blev afsluttet"),
    "letter_delivered": N_("Brevet nåede frem til borgeren"),
    "lifted": N_("Rammen blev ophævet"),
    "expired": N_("Rammen udløb af sig selv"),
    "reconsideration_asked": N_("Der blev bedt om genovervejelse"),
    "upheld": N_("Rammen blev fastholdt"),
    "rejected": N_("Det blev ikke til en ramme"),
    "registered_in_error": N_("Fejlregistreret og ophævet"),
    "loaded": N_("Indlæst fra en registerfil"),
    "removed": N_("Fjernet ved indlæsning af en registerfil"),
}
MEASURES: Mapping[str, tuple[str, str]] = {  # its name, and what it means
    "written_only": (
        N_("Kun på skrift"),
        N_("Samtalen i sagen foregår på skrift. I ringer ikke, og borgeren ringer ikke til jer om sagen."),
    ),
    "functional_mailbox": (
        N_("Én postkasse"),
        N_("Det, borgeren skriver, går til en fælles postkasse, som flere læser, i stedet for til den enkelte medarbejder."),
    ),
    "fixed_contact": (N_("Én fast kontakt"), N_("Én navngiven medarbejder læser og svarer.")),
    "changed_caseworker": (N_("En anden sagsbehandler"), N_("Sagen skifter hænder, og borgerens mails følger med.")),
    "contact_window": (
        N_("Faste tider for svar"),
        N_("I svarer og tager telefonen på faste tider. Mails modtages altid og med det samme."),
    ),
    "limited_calls": (N_("Ét telefonnummer på faste tider"), N_("Borgeren kan ringe til ét nummer på de tider, I vælger.")),
    "meeting_rules": (N_("Aftaler om møder"), N_("Hvor møder holdes, hvem der er med, og hvad I gør, hvis det bliver svært.")),
    "attendance_by_appointment": (N_("Fremmøde efter aftale"), N_("Borgeren møder op, når I har aftalt det.")),
    "closed_topic": (N_("Et emne er besvaret"), N_("I svarer ikke igen på det samme emne. Alt bliver stadig læst af et menneske.")),
}
MEETING_RULES: Mapping[str, str] = {
    "two_employees": N_("To medarbejdere er med"),
    "companion_welcome": N_("En bisidder er velkommen"),
    "time_out": N_("I kan holde en pause"),
    "call_leader_or_colleague": N_("I kan kalde på en leder eller kollega"),
    "break_off_new_meeting": N_("I kan slutte mødet og aftale et nyt"),
}
WEEKDAYS: Mapping[str, str] = {
    "mon": N_("mandag"),
    "tue": N_("tirsdag"),
    "wed": N_("onsdag"),
    "thu": N_("torsdag"),
    "fri": N_("fredag"),
    "sat": N_("lørdag"),
    "sun": N_("søndag"),
}
CHANNELS: Mapping[str, str] = {
    "mail": N_("Mail"),
    "phone": N_("Telefon"),
    "meeting": N_("Møde"),
    "digital_post": N_("Digital Post"),
    "social_media": N_("Sociale medier"),
    "private": N_("Privat kontakt"),
    "other": N_("Andet"),
}
CATEGORIES: Mapping[str, str] = {
    "threats": N_("Trusler"),
    "offensive_tone": N_("Krænkende tone"),
    "volume": N_("Meget mange henvendelser"),
    "outside_working_hours": N_("Henvendelser uden for arbejdstid"),
    "private_contact": N_("Kontakt til medarbejdere privat"),
    "public_shaming": N_("Udhængning"),
    "physical_insecurity": N_("Utryghed ved fremmøde"),
}
NEEDS: Mapping[str, str] = {
    "reading_aloud": N_("Har brug for at få breve læst op eller forklaret"),
    "interpreter": N_("Har brug for tolk"),
    "exempt_from_digital_post": N_("Er fritaget for Digital Post"),
    "guardian": N_("Har en værge"),
    "cannot_write": N_("Kan ikke skrive"),
}
MILDER: tuple[str, ...] = (
    N_("En samtale om tonen og om, hvad der skal til"),
    N_("Et møde med leder og bisidder"),
    N_("En skriftlig opsummering efter hver samtale"),
    N_("En fast ugentlig telefontid"),
    N_("Ét samlet svar om ugen"),
    N_("Hjælp til at forstå sagen og afgørelsen"),
)
OPEN_ROADS: tuple[str, ...] = (
    N_("Klager, ansøgninger og svar på høringer"),
    N_("Akut hjælp og bekymring for et barn"),
    N_("Aktindsigt og indsigt i egne oplysninger"),
    N_("Advokat, værge, bisidder og andre repræsentanter"),
    N_("Ombudsmanden, Ankestyrelsen, politi og andre myndigheder"),
    N_("Digital Post og almindelig post"),
    N_("Borgerens andre sager og andre afdelinger"),
)
LETTERS: Mapping[str, str] = {
    "warning": N_("Advarsel"),
    "hearing": N_("Høring"),
    "decision": N_("Beslutning"),
    "urgent": N_("Beslutning, der gælder straks"),
    "extension": N_("Forlængelse"),
    "easing": N_("Lempelse"),
    "lifting": N_("Ophævelse"),
    "upheld": N_("Svar på genovervejelse"),
    "apology": N_("Undskyldning"),
}
WAYS: Mapping[str, str] = {
    "digital_post": N_("Digital Post"),
    "paper": N_("Almindelig post"),
    "handed_over": N_("Afleveret personligt"),
}
WHO: Mapping[str, str] = {
    "leader": N_("Leder"),
    "head": N_("Chef"),
    "lawyer": N_("Jurist"),
}
CODES: Mapping[str, Mapping[str, str]] = {  # answers that are codes
    "trigger": {
        "date": N_("Datoen er kommet"),
        "citizens_request": N_("Borgeren har bedt om det"),
        "new_incident": N_("Der er sket noget nyt"),
        "case_closed": N_("Sagen er slut"),
    },
    "asked_by": {"citizen": N_("Borgeren selv"), "representative": N_("En repræsentant")},
}
ANSWERS: Mapping[str, str] = {  # the fields of a record, as the history shows them
    "expects": N_("Det bad vi borgeren om"),
    "consequence": N_("Hvis det fortsætter"),
    "talk": N_("Tilbud om samtale"),
    "answer_by": N_("Frist for svar"),
    "answered": N_("Svarede borgeren?"),
    "objections": N_("Borgerens svar, og hvad det ændrer"),
    "no_warning_because": N_("Hvorfor uden advarsel"),
    "no_hearing_because": N_("Hvorfor uden høring"),
    "lawyer": N_("Jurist"),
    "lawyer_says": N_("Juristens svar"),
    "threat": N_("Truslen"),
    "without_incident_because": N_("Hvorfor uden ny hændelse"),
    "milder_not_enough": N_("Hvorfor mildere midler ikke er nok"),
    "because": N_("Begrundelse"),
    "text": N_("Det bad borgeren om"),
    "cause": N_("Sådan skete fejlen"),
    "breach": N_("Brud på persondatasikkerheden?"),
    "starts": N_("Fra"),
    "review": N_("Evalueres"),
    "ends": N_("Til og med"),
}


def state_told(one: ContactFramework, last: date | None, today: date) -> tuple[str, str]:
    """What to call its state, and how its chip looks. After ``last``, its last day, it is over though nothing has marked it."""
    if one.state in IN_FORCE and last and last < today:
        return STATES["expired"]
    return ON_TRIAL if one.observe and one.state in IN_FORCE else STATES[one.state.value]
