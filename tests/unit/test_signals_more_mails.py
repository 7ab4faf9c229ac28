"""More mails, written apart from the word list: whether it generalises. Level only; kinds are tested in test_signals_words."""

import pytest

from services.signal_words import load
from workflows.assess import assess
from workflows.mail import Headers, Reading

WORDS = load()
HEADERS = Headers()

SEEN = [
    ("red", "Jeg kommer ned og slår jer ihjel"),
    ("red", "Så får du en kniv i maven næste gang"),
    ("red", "jeg smadrer dit fjæs"),
    ("red", "Jeg skal nok finde dig og slå dig ihjel."),
    ("red", "I har fem minutter, ellers sprænger jeg jobcenteret i luften"),
    ("red", "Jeg tager min riffel med i morgen"),
    ("red", "Jeg har købt en pistol til jer"),
    ("red", "Hvis min søn bliver fjernet, så er du en død kvinde"),
    ("red", "Jeg vil rive hovedet af dig"),
    ("red", "Jeg ved præcis hvor du bor på Egevej"),
    ("red", "Jeg ved, hvad din datter hedder, og hvilken skole hun går på"),
    ("red", "Vi ved hvor I bor"),
    ("red", "Du kan lige så godt vænne dig til at se dig over skulderen"),
    ("red", "Sov godt i nat. Jeg holder øje med dit hus"),
    ("red", "Jeg overvejer at begå selvmord"),
    ("red", "jeg har lyst til at dø"),
    ("red", "Jeg har tænkt på at tage mit liv"),
    ("red", "Jeg kan ikke holde til at leve mere"),
    ("red", "Mine børn ville have det bedre uden mig"),
    ("red", "Det er slut nu. Farvel. Jeg springer ud foran toget"),
    ("red", "Jeg har taget alle mine piller"),
    ("red", "Faren slår børnene, når han er fuld"),
    ("red", "Hun ryster babyen, når den græder"),
    ("red", "Min stedfar rører ved min lillesøster om natten, og pigen bliver misbrugt"),
    ("red", "Min datter fortæller, at hendes far slår hende"),
    ("red", "Børnene bliver låst inde på værelset"),
    ("red", "Jeg står uden for dit hus nu"),
    ("red", "Jeg kommer hjem til dig i nat"),
    ("red", "Vi kommer hjem til dig på Birkevej"),
    ("red", "jeg banker på din dør i aften"),
    ("yellow", "Du er en kælling"),
    ("yellow", "Din skide idiot"),
    ("yellow", "I er en flok idioter"),
    ("yellow", "Dumme svin"),
    ("yellow", "du er et fjols"),
    ("yellow", "Hold kæft din so"),
    ("yellow", "Du er en ond heks"),
    ("yellow", "Jeg poster din mail på Facebook med navn og det hele"),
    ("yellow", "I aften ligger optagelsen af dig på YouTube"),
    ("yellow", "Jeg deler lydoptagelsen af vores samtale på nettet"),
    ("yellow", "Jeg hænger Karen ud på Facebook"),
    ("yellow", "jeg skriver til dig privat på facebook"),
    ("yellow", "Jeg ringede til dig privat i går aftes"),
    ("yellow", "Jeg har sendt dig en venneanmodning på Facebook"),
    ("yellow", "Hvorfor blokerer du mig på Instagram?"),
]

CLEAN = [
    "Jeg er træt af at leve på en sten og vil gerne have en samtale",
    "Min mor døde, og nu skal jeg have hjælp til begravelsen",
    "Karen, du har ikke svaret. Jeg er ved at eksplodere af raseri",
    "Jeg kommer hjem til jul og vil gerne flytte mødet",
    "Jeg kommer hjem til Danmark i maj",
    "I kommer hjem til os på torsdag klokken 10, ikke?",
    "Kommer du hjem til mig eller skal vi mødes hos dig på kontoret?",
    "Jeg har en kniv i ryggen fra min tidligere arbejdsgiver",
    "Jeg har fået stjålet mine knive og mit værktøj",
    "Hvis I ikke stopper, melder jeg jer til politiet",
    "Jeg stævner kommunen, og det bliver dyrt for jer",
    "Min søn slår sin lillebror, og vi har brug for hjælp",
    "Min datter bliver mobbet i skolen, og læreren gør ikke noget",
    "Min søn blev slået omkuld i skolegården af en dreng fra 4. klasse",
    "Børnene var alene hjemme i ti minutter, mens jeg hentede brød",
    "Mine børn er ikke i fare, og det ved I godt",
    "Det er løgn, at jeg slår mine børn",
    "I skriver i undersøgelsen, at jeg slår mine børn. Det passer ikke.",
    "Hvor bor min nye sagsbehandler i huset? Er det på 2. sal?",
    "Jeg skyder på, at mødet varer en time",
    "Vi må skyde mødet til næste uge",
    "Jeg dræbte stemningen, da jeg spurgte til penge",
    "Jeg har slået op med min kæreste og mangler et sted at bo",
    "Jeg brænder for mit arbejde og vil gerne i praktik",
    "Jeg brænder inde med en masse spørgsmål",
    "Min bil er brændt ned, og jeg kan ikke komme på arbejde",
    "Skal jeg sende det til din mail eller til e-Boks?",
    "Må jeg optage samtalen på min telefon, så jeg kan huske den?",
    "Jeg har optaget mødet, så jeg kan høre det igen",
    "Jeg har set jeres Facebook-side. Er det korrekt, at der er lukket?",
    "Jeg skrev til kommunens Messenger, men fik intet svar",
    "Min mand er en idiot, og nu vil jeg skilles. Hvordan gør jeg?",
    "Jeg var en idiot, at jeg troede på jer",
    "Det er idiotisk, at man skal have MitID",
    "Hvilken idiot har fundet på den regel?",
    "Jeg har prøvet at ringe til dig ti gange i dag",
    "Jeg ringer til jer i morgen tidlig",
    "Jeg ringede i nat til lægevagten",
    "Tak, fordi du passer så godt på min familie",
    "Pas på dig selv",
    "Jeg er bange for at miste min datter",
    "Kan I slå mig op i systemet?",
    "Jeg slår gerne et smut forbi kontoret",
    "Jeg håber ikke, at jeg skal vente til jeg er død, før I svarer",
    "Skal man være død, før man får hjælp i den her kommune?",
    "Det er en trussel mod vores retssikkerhed",
    "Jeg føler mig truet af jeres breve",
    "Jeg er sgu så vred, at jeg ryster",
    "Jeres afgørelse er en hån mod alle handicappede",
    "I burde skamme jer",
    "Du burde fyres",
    "I er en flok bureaukrater uden hjerte",
    "Du er umulig at få fat på",
    "Den her kommune er til grin",
    "Min nabo har truet mig, og jeg er bange",
    "Jeg lever under trusler fra min eks og har brug for krisecenter",
    "Rend og hop",
    "Jeg tager min kone med til mødet",
    "Min søn skærer brød selv nu",
    "Vi ses på tirsdag hos dig",
    "Jeg venter uden for dit kontor kl. 9",
]


@pytest.mark.parametrize(("expected", "text"), SEEN)
def test_serious_mail_is_seen(expected: str, text: str) -> None:
    assert assess(Reading(text=text, headers=HEADERS), WORDS).level == expected


@pytest.mark.parametrize("text", CLEAN)
def test_ordinary_mail_alarms_nobody(text: str) -> None:
    assert assess(Reading(text=text, headers=HEADERS), WORDS).level in (None, "grey")
