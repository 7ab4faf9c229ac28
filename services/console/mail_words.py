"""What is told about mails, in words: the codes of the contract's closed lists."""

from collections.abc import Iterable

from services.console.words import N_

OUTCOMES = {
    "delivered": N_("Gik som adresseret"),
    "redirected": N_("Gik et andet sted hen"),
    "observed": N_("Ville være gået et andet sted hen"),
    "not_evaluated": N_("Kunne ikke vurderes"),
    "waiting": N_("Venter på at blive afleveret"),
    "returned": N_("Gik tilbage til afsenderen"),
    "red": N_("Kræver opmærksomhed nu"),
}
OUTCOME_CHIPS = {"delivered": "well", "redirected": "on", "observed": "wait", "not_evaluated": "look"}
STATES = {
    "queued": N_("På vej"),
    "delivered": N_("Afleveret"),
    "redirected": N_("Afleveret et andet sted"),
    "returned": N_("Gik tilbage til afsenderen"),
}
STATE_CHIPS = {"queued": "wait", "delivered": "well", "redirected": "on", "returned": "look"}
LEVELS = {"red": N_("Rød"), "yellow": N_("Gul"), "grey": N_("Grå")}
LEVEL_CHIPS = {"red": "alarm", "yellow": "look", "grey": "off"}
SIGNALS = {
    "threat": N_("Trussel"),
    "self_harm": N_("Fare for selvskade"),
    "child_in_danger": N_("Barn i fare"),
    "home_visit": N_("Taler om at komme hjem til nogen"),
    "insult": N_("Nedladende ord"),
    "exposure": N_("Taler om udhængning"),
    "private_channel": N_("Privat kanal"),
    "volume": N_("Mange mails"),
    "mass_copy": N_("Kopi til mange"),
    "evasion": N_("Måske den samme borger fra en ny adresse"),
    "criticism": N_("Kritik"),
    "unreadable": N_("Kunne ikke læses af vagten"),
}
NOTED = {
    "hidden_text": N_("I mailen er der tekst, som ikke vises, når man læser den. Vagten har læst den med."),
    "remote_pictures": N_("Mailen henter billeder fra nettet. Åbner du dem, kan afsenderen se, at mailen er læst."),
    "invitation": N_("Mailen indkalder til et møde. Svar ikke i kalenderen, før I har besluttet, om I vil mødes."),
    "voice_message": N_("Der er en lydfil i mailen. Vagten kan ikke høre den, så lyt til den."),
    "encrypted": N_("Mailen er krypteret, så vagten har ikke kunnet læse den. Åbn og læs den selv."),
    "unreadable": N_("Noget af mailen har vagten ikke kunnet læse. Læs den selv igennem."),
}
RIGHTS = {
    "complaint": N_("Klage"),
    "appeal_deadline": N_("Klagefrist"),
    "application": N_("Ansøgning"),
    "file_access": N_("Aktindsigt"),
    "data_access": N_("Indsigt i egne oplysninger"),
    "deletion_request": N_("Ønske om sletning"),
    "representation": N_("Repræsentant"),
    "hearing_reply": N_("Svar på partshøring"),
    "child_concern": N_("Underretning om et barn"),
    "urgent_help": N_("Akut hjælp"),
    "accessibility": N_("Brug for hjælp til at skrive"),
}
GRADES = {
    "verified": N_("bekræftet adresse"),
    "probable": N_("sandsynlig adresse"),
    "unconfirmed": N_("ubekræftet"),
    "none": N_("ukendt"),
}
SENDERS = {
    "party": N_("Borgeren selv"),
    "relative": N_("En pårørende"),
    "representative": N_("En repræsentant"),
    "non_party": N_("En borger, der ikke er part"),
    "authority": N_("En myndighed"),
    "unknown": N_("En ukendt afsender"),
}
RULES = {  # by what they look for: what is found decides, or makes the sender uncertain
    "two_from": N_("Flere afsendere på én gang"),
    "shared_address": N_("Adressen deles af flere"),
    "registered_as_probable": N_("Adressen er kun sandsynlig"),
    "authentication": N_("Tvivl om afsenderens domæne"),
    "reply_to_elsewhere": N_("Svar går til en anden adresse"),
    "authority": N_("Myndigheders post går altid frem"),
    "relative": N_("Pårørendes post går altid frem"),
    "representative": N_("Repræsentanters post går altid frem"),
    "internal_sender": N_("Intern post"),
    "sender_unknown": N_("Ukendt afsender"),
    "sender_not_verified": N_("Usikkert, hvem der skrev"),
    "return_address": N_("Vagtens egen returadresse"),
    "open_address": N_("Åbne adresser, som ingen ramme kan lukke"),
    "no_framework": N_("Borgeren har ingen ramme"),
    "not_in_force": N_("Rammen er ikke i kraft"),
    "outside_scope": N_("Rammen gælder ikke denne modtager"),
    "other_case_open": N_("En anden åben sag hos modtageren"),
    "moves_no_mail": N_("Rammen flytter ikke post"),
    "observe_only": N_("Rammen er kun på prøve"),
    "framework_applies": N_("Rammen gælder"),
    "receipt": N_("Kvittering til borgeren"),
    "not_evaluated": N_("Mailen blev ikke vurderet"),
}
KINDS = {"mail": N_("Mailen"), "receipt": N_("Kvittering"), "notice": N_("Besked"), "report": N_("Fejlrapport")}
WAYS = {
    "waiting": N_("Venter og prøves igen"),
    "delivered": N_("Afleveret"),
    "returned": N_("Gik tilbage til afsenderen"),
    "bounced": N_("Kom tilbage"),
    "failed": N_("Opgivet"),
}
UNDELIVERED = {
    "refused": N_("Borgerens mailserver tog ikke imod kvitteringen."),
    "expired": N_("Kvitteringen kunne ikke afleveres i fem dage."),
    "reported": N_("Kvitteringen kom tilbage fra borgerens mailserver."),
}
TOLD = {
    "phone": N_("I telefonen"),
    "letter": N_("I et brev eller med Digital Post"),
    "mail": N_("I en ny mail"),
    "meeting": N_("Da vi mødtes"),
    "answered": N_("Borgeren har fået svar på selve mailen"),
    "not_reached": N_("Vi har prøvet, men kan ikke nå borgeren"),
}
UNREAD = {
    "encrypted": N_("Mailen er krypteret, så den kan ikke læses her. Hent den, og åbn den i dit mailprogram."),
    "no_text": N_("Mailen har ingen tekst, der kan vises her."),
    "too_large": N_("Mailen er meget stor. Her vises kun det første af den."),
}
PARTLY_READ = N_("Noget af mailen kunne ikke læses her. Hent den, hvis du har brug for det hele.")


def unread(codes: Iterable[str]) -> list[str]:
    """What is told of what could not be read, each sentence once."""
    return list(dict.fromkeys(UNREAD.get(one, PARTLY_READ) for one in codes))


def all_texts() -> dict[str, dict[str, str]]:
    """Every list, for templates."""
    return {
        "outcomes": OUTCOMES,
        "outcome_chips": OUTCOME_CHIPS,
        "states": STATES,
        "state_chips": STATE_CHIPS,
        "levels": LEVELS,
        "level_chips": LEVEL_CHIPS,
        "signals": SIGNALS,
        "noted": NOTED,
        "rights": RIGHTS,
        "grades": GRADES,
        "senders": SENDERS,
        "rules": RULES,
        "kinds": KINDS,
        "ways": WAYS,
        "undelivered": UNDELIVERED,
        "told": TOLD,
    }
