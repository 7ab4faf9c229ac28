"""How it stands with a watched mailbox: a code, and what it means for people, who mends it and how.

Nothing here names an address, a user or a server: the page that shows it knows which mailbox it shows.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal, NamedTuple, get_args

from workflows.route import FAULTS, Fault

Trouble = Literal[
    "login_refused",  # user and password
    "token_refused",  # by the mail server
    "token_unavailable",  # from the token server
    "client_refused",  # by the token server: client_id, client_secret_file or scope
    "certificate",
    "tls",
    "name_not_found",
    "unreachable",
    "timeout",
    "closed",
    "unavailable",
    "folder_missing",
    "garbled",
    "full",
    "refused",
    "no_login",
    "store",
]
State = Literal["watching", "connecting", "canary_missing"] | Trouble | Fault
TROUBLES: frozenset[str] = frozenset(get_args(Trouble))
PASSING: frozenset[str] = frozenset({"timeout", "closed", "unavailable", "unreachable", "token_unavailable", "store"})

LOGIN: frozenset[str] = frozenset({"login_refused", "token_refused", "client_refused", "no_login"})  # a new login may mend it
SOON, LATER = timedelta(minutes=1), timedelta(minutes=15)  # the longest pauses


def pause(code: Trouble, failures: int, chance: float) -> timedelta:
    """How long until a mailbox is tried again after so many failures (1, 2, …) in a row; ``chance`` in [0, 1) spreads many.

    What passes by itself: a second, doubled, to at most a minute. What a person must mend: a minute, to at most a quarter of an
    hour, so that no account is locked for too many wrong passwords.

    >>> [str(pause("closed", n, 0.5)) for n in (1, 2, 9)], [str(pause("login_refused", n, 0.5)) for n in (1, 9)]
    (['0:00:01', '0:00:02', '0:01:00'], ['0:01:00', '0:15:00'])
    """
    first, longest = (timedelta(seconds=1), SOON) if code in PASSING else (timedelta(minutes=1), LATER)
    return min(first * (1 << min(failures - 1, 10)), longest) * (0.8 + 0.4 * chance)


class Said(NamedTuple):
    """What people are told, in Danish and in English."""

    da: str
    en: str


SAID: Mapping[str, Said] = {
    "watching": Said("Postkassen bliver set efter.", "The mailbox is being watched."),
    "connecting": Said("Vagten er ved at logge på postkassen.", "The guard is logging in to the mailbox."),
    "canary_missing": Said(
        "Vagten kan se i postkassen, men dens prøvemail er ikke kommet frem. IT sender selv en mail dertil og finder ud af, hvor"
        " den bliver af.",
        "The guard can look into the mailbox, but its canary mail has not arrived. IT sends a mail there and finds out what becomes"
        " of it.",
    ),
    "login_refused": Said(
        "Mailserveren siger nej til brugernavn eller adgangskode. IT skriver en ny adgangskode her, eller får kontoen åbnet igen.",
        "The mail server refuses user name or password. IT enters a new password here, or has the account opened again.",
    ),
    "token_refused": Said(
        "Mailserveren siger nej til det adgangsbevis, som vagten har fået. IT ser efter, om vagten stadig har lov til at læse"
        " netop denne postkasse.",
        "The mail server refuses the access token that the guard was given. IT checks that the guard may still read this very"
        " mailbox.",
    ),
    "token_unavailable": Said(
        "Den tjeneste, der udsteder adgangsbeviser, svarer ikke. Vagten prøver igen af sig selv; varer det ved, ser IT efter"
        " forbindelsen til den.",
        "The service that issues access tokens does not answer. The guard tries again by itself; if it lasts, IT checks the"
        " connection to it.",
    ),
    "client_refused": Said(
        "Den tjeneste, der udsteder adgangsbeviser, kender ikke vagten eller dens hemmelighed. Den kan være udløbet: IT laver en ny"
        " og skriver den her.",
        "The service that issues access tokens does not accept the guard or its secret. It may have expired: IT makes a new one and"
        " enters it here.",
    ),
    "certificate": Said(
        "Mailserverens certifikat kan ikke bekræftes, så vagten logger ikke på. IT fornyer certifikatet eller retter"
        " serverens navn.",
        "The mail server's certificate can't be verified, so the guard does not log in. IT renews the certificate or mends the"
        " server's name.",
    ),
    "tls": Said(
        "Der kan ikke laves en krypteret forbindelse til mailserveren. IT ser efter, om port og tls passer til serveren.",
        "No encrypted connection to the mail server can be made. IT checks that port and tls fit the server.",
    ),
    "name_not_found": Said(
        "Mailserverens navn findes ikke i DNS. IT retter navnet i indstillingerne, eller ser efter navneserveren.",
        "The mail server's name is not found in DNS. IT mends the name in the settings, or checks the name server.",
    ),
    "unreachable": Said(
        "Mailserveren kan ikke nås. Vagten prøver igen af sig selv; varer det ved, ser IT efter server og firewall.",
        "The mail server can't be reached. The guard tries again by itself; if it lasts, IT checks server and firewall.",
    ),
    "timeout": Said(
        "Mailserveren svarer ikke i tide. Vagten prøver igen af sig selv; varer det ved, ser IT efter serveren.",
        "The mail server does not answer in time. The guard tries again by itself; if it lasts, IT checks the server.",
    ),
    "closed": Said(
        "Mailserveren afbrød forbindelsen. Vagten logger på igen af sig selv.",
        "The mail server ended the connection. The guard logs in again by itself.",
    ),
    "unavailable": Said(
        "Mailserveren siger, at den ikke kan lige nu. Vagten prøver igen af sig selv; varer det ved, ser IT efter serveren.",
        "The mail server says that it can't just now. The guard tries again by itself; if it lasts, IT checks the server.",
    ),
    "folder_missing": Said(
        "Mappen findes ikke i postkassen, eller vagten må ikke læse den. IT retter mappens navn eller adgangen.",
        "The folder does not exist in the mailbox, or the guard may not read it. IT mends the folder's name or the access.",
    ),
    "garbled": Said(
        "Serveren svarer noget, som vagten ikke forstår. IT ser efter, om adresse og port er en IMAP-servers.",
        "The server answers what the guard does not understand. IT checks that address and port are an IMAP server's.",
    ),
    "full": Said(
        "Postkassen er fuld. IT giver den mere plads, eller flytter gamle mails.",
        "The mailbox is full. IT gives it more room, or moves old mails.",
    ),
    "refused": Said(
        "Mailserveren siger nej til det, som vagten beder om. IT ser efter, hvad vagten har lov til i postkassen.",
        "The mail server refuses what the guard asks for. IT checks what the guard may do in the mailbox.",
    ),
    "no_login": Said(
        "Vagten har ingen adgangskode til postkassen. IT skriver den her eller i indstillingerne.",
        "The guard has no password for the mailbox. IT enters it here or in the settings.",
    ),
    "store": Said(
        "Vagten kan ikke skrive ned, hvad den ser: dens egen database svarer ikke. Vagten prøver igen af sig selv.",
        "The guard can't write down what it sees: its own database does not answer. The guard tries again by itself.",
    ),
    **{code: Said(one.da, one.en) for code, one in FAULTS.items()},  # of an employee's mailbox in route mode
}
