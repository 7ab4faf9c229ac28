"""The signal words in mails as they are written: what must be seen, and above all what must stay clean."""

import pytest

from services.signal_words import load
from workflows.assess import Assessment, assess
from workflows.mail import Headers, Reading

WORDS = load()


def assessed(text: str, subject: str = "") -> Assessment:
    return assess(Reading(headers=Headers(), subject=subject, text=text), WORDS)


def level(found: Assessment, kind: str) -> str | None:
    return next((one.level for one in found.signals if one.kind == kind), None)


SEEN = [
    # direct threats
    ("Hvis I tager min datter fra mig, så slår jeg dig ihjel.", "threat", "red"),
    ("Jeg slår jer ihjel alle sammen, når jeg kommer ned på kontoret.", "threat", "red"),
    ("JEG SLÅR DIG IHJEL", "threat", "red"),
    ("jeg slaar dig ihjel din dumme kælling", "threat", "red"),
    ("Jeg s l å r d i g i h j e l hvis du skriver til mig igen", "threat", "red"),
    ("jeg d r æ b e r  dig", "threat", "red"),
    ("Jeg slååååår dig ihjeeeel.", "threat", "red"),
    ("Jeg dræ\u00adber dig, forstår du det?", "threat", "red"),
    ("En dag skyder jeg dig, og så er vi færdige med jeres breve.", "threat", "red"),
    ("Jeg har sådan en lyst til at kvæle hende, når jeg ser hendes underskrift.", "threat", "red"),
    ("Næste gang får du tæsk. Jeg banker dig, så du ikke kan gå.", "threat", "red"),
    ("Så kommer jeg ned og brænder rådhuset ned.", "threat", "red"),
    ("Der ligger en bombe på jobcenteret i morgen.", "threat", "red"),
    ("Du skal dø for det, du har gjort mod min familie.", "threat", "red"),
    ("Dine dage er talte, Karen.", "threat", "red"),
    ("Folk som jer burde ikke være her. I burde skydes.", "threat", "red"),
    ("Jeg kan ikke lade være med at slå hende ihjel, hvis hun ringer en gang til.", "threat", "red"),
    ("Du får en kugle for panden.", "threat", "red"),
    ("Det er ikke en trussel, men jeg ved, hvor du bor.", "threat", "red"),
    ("Opfat det bare som en trussel, for det er det.", "threat", "red"),
    ("Jeg tager en kniv med til mødet på torsdag.", "threat", "red"),
    ("Jeg har et haglgevær liggende, som jeg tager med ned på kommunen.", "threat", "red"),
    # what excuses one phrase never excuses another
    ("Jeg slår jer ihjel, I rotter.", "threat", "red"),
    ("Jeg ved hvor du bor, det kan du være sikker på, og det gør dine naboer også.", "threat", "red"),
    ("God weekend, jeg ved hvor dine børn går i skole.", "threat", "red"),
    ("Min søn bliver slået, når han spiller computerspil.", "child_in_danger", "red"),
    # veiled threats
    ("Jeg ved hvor du bor.", "threat", "red"),
    ("Bare så du ved det: jeg ved godt, hvor du parkerer din bil.", "threat", "red"),
    ("Jeg ved hvor dine børn går i skole.", "threat", "red"),
    ("Jeg ved også hvilken børnehave din datter går i. Tænk over det.", "threat", "red"),
    ("Jeg har set dine børn på legepladsen, de er søde.", "threat", "red"),
    ("Du skulle nok passe lidt bedre på dine børn.", "threat", "red"),
    ("Du kan godt begynde at kigge dig over skulderen.", "threat", "red"),
    ("Du skal ikke føle dig sikker, når du går hjem.", "threat", "red"),
    ("Det ville være synd, hvis der skete din familie noget.", "threat", "red"),
    # self-harm
    ("Jeg vil ikke leve mere.", "self_harm", "red"),
    ("jeg orker ikke at leve længere", "self_harm", "red"),
    ("Hvis I stopper min hjælp, tager jeg livet af mig.", "self_harm", "red"),
    ("Det ender med, at jeg begår selvmord.", "self_harm", "red"),
    ("Det ville være bedst, hvis jeg ikke var her.", "self_harm", "red"),
    ("Jeg har skrevet et afskedsbrev til mine børn.", "self_harm", "red"),
    ("Min datter på 17 siger, at hun vil tage sit eget liv.", "self_harm", "red"),
    ("Jeg har samlet piller nok nu.", "self_harm", "red"),
    ("I morgen gør jeg en ende på det hele.", "self_harm", "red"),
    ("Han truer med selvmord, hver gang jeg vil gå.", "self_harm", "red"),
    # children
    ("Min søn bliver slået af sin stedfar.", "child_in_danger", "red"),
    ("Naboen slår sine børn? Jeg hører det. Han slår børnene hver aften.", "child_in_danger", "red"),
    ("Børnene er alene hjemme om natten, mens hun er i byen.", "child_in_danger", "red"),
    ("Drengen har store blå mærker på ryggen og siger ikke noget.", "child_in_danger", "red"),
    ("Jeg er bange for, at han har begået seksuelle overgreb mod min datter.", "child_in_danger", "red"),
    ("Babyen får ikke mad, og hun ligger bare og sover.", "child_in_danger", "red"),
    ("Pigen er i fare hos ham, I må handle nu!", "child_in_danger", "red"),
    # visits to the home
    ("Jeg kommer hjem til dig i aften, så kan vi tale om det.", "home_visit", "red"),
    ("Så dukker jeg op på din adresse en dag.", "home_visit", "red"),
    ("Jeg stod uden for dit hus i går.", "home_visit", "red"),
    ("Måske kører jeg forbi din bopæl på lørdag.", "home_visit", "red"),
    ("Vi ses hjemme hos dig.", "home_visit", "red"),
    # insults
    ("Din idiot.", "insult", "yellow"),
    ("I er nogle svin alle sammen", "insult", "yellow"),
    ("Hvordan kan du sove om natten, din klamme kælling?", "insult", "yellow"),
    ("Du er en psykopat.", "insult", "yellow"),
    ("Rend mig i røven med jeres skemaer.", "insult", "yellow"),
    ("Hold nu din kæft og giv mig mine penge", "insult", "yellow"),
    ("Du er simpelthen en kraftidiot, Karen", "insult", "yellow"),
    # exposure
    ("Jeg lægger dit navn og billede op på Facebook.", "exposure", "yellow"),
    ("Så hænger jeg dig ud for hele byen.", "exposure", "yellow"),
    ("Jeg har optaget samtalen og deler den på TikTok i aften.", "exposure", "yellow"),
    ("Alle i byen skal vide, hvem du er.", "exposure", "yellow"),
    # private channels
    ("Når du ikke svarer her, skriver jeg til dig på Messenger.", "private_channel", "yellow"),
    ("Jeg har fundet dit private nummer, så jeg ringer i aften.", "private_channel", "yellow"),
    ("Jeg har fundet dig på Instagram.", "private_channel", "yellow"),
    ("Jeg skriver til din mand, hvis du ikke svarer.", "private_channel", "yellow"),
    # vague
    ("Det kommer du til at fortryde.", "threat", "yellow"),
    ("I skal nok få løn som forskyldt. Jeg hævner mig.", "threat", "yellow"),
    ("Denne mail er sendt til alle ansatte i kommunen.", "mass_copy", "yellow"),
    # criticism
    ("I er inkompetente, og jeg har mistet tilliden til jer.", "criticism", "grey"),
    ("Det er tredje gang, jeg skriver, og I svarer aldrig.", "criticism", "grey"),
    ("I lyver, og det er under al kritik.", "criticism", "grey"),
]

WEAKENED = [
    ("Jeg vil ikke slå dig ihjel.", "threat"),
    ("Jeg slår dig ikke ihjel, selv om du måske tror det.", "threat"),
    ("Jeg siger ikke, at jeg slår dig ihjel.", "threat"),
    ("Jeg ville aldrig slå nogen ihjel, og slet ikke dig. Jeg kunne aldrig finde på at dræbe dig.", "threat"),
    ("Min eksmand sagde, at jeg slår dig ihjel, hvis du går.", "threat"),
    ('Han skrev: "Jeg slår dig ihjel, hvis du går til kommunen."', "threat"),
    ("Min eksmand har truet med at slå mig ihjel.", "threat"),
    ("I skriver, at jeg har truet med at brænde rådhuset ned, men jeg har aldrig truet nogen.", "threat"),
    (
        "Se nedenfor, hvad han sendte mig.\n\n"
        "Den 3. november 2026 kl. 21.14 skrev Kim Hansen <kim@example.net>:\n> Jeg slår dig ihjel.\n",
        "threat",
    ),
    (
        "Hvad gør I ved det her?\n\n-----Oprindelig meddelelse-----\n"
        "Fra: Kim\nSendt: 3. november 2026\nTil: Bo\nEmne: dig\n\nJeg ved hvor du bor.\n",
        "threat",
    ),
    ("Jeg ved ikke, hvor du bor, og det rager mig heller ikke.", "threat"),
    ("Det er ikke en trussel. Jeg beder bare om et svar.", "threat"),
    ("Jeg har ikke tænkt mig at tage livet af mig, men jeg er træt.", "self_harm"),
    ("Jeg har aldrig slået mine børn.", "child_in_danger"),
    ("Jeg kommer ikke hjem til dig, bare rolig.", "home_visit"),
]

CLEAN = [
    "Jeg dør af grin, når jeg læser jeres afgørelse.",
    "Jeg sidder bare her og slår tiden ihjel, mens I behandler min sag.",
    "Jeg var ved at dø af skam, da jeg stod i Borgerservice.",
    "I skyder mig noget i skoene, som jeg ikke har gjort.",
    "Det føles som en kniv i ryggen, når I lover ét og gør noget andet.",
    "I sætter mig en pistol for panden med den frist.",
    "Det her er en tikkende bombe under min økonomi.",
    "Jeg hænger i en tynd tråd økonomisk.",
    "Over mit lig skriver jeg under på det der.",
    "Nu må I fandeme tage jer sammen. Det er noget værre lort, det her system.",
    "For helvede, hvor svært kan det være at svare på en mail?",
    "Jeg er så pisse træt af jeres lange svartider.",
    "I er inkompetente, og jeg klager til Ankestyrelsen.",
    "Hvis jeg ikke får svar, går jeg til pressen og Ombudsmanden.",
    "Jeg anmelder jer til Datatilsynet, og det kommer I til at fortryde, når Ankestyrelsen har talt.",
    "Jeres sagsbehandling er under al kritik, og jeg har ingen tillid til jer mere.",
    "Jeg kræver at få en ny sagsbehandler. Karen lytter ikke til mig.",
    "Det er fjerde gang, jeg skriver. Svar mig nu!!!",
    "Jeg føler mig behandlet som en idiot af jeres system.",
    "Min chef kaldte mig en idiot, og nu er jeg sygemeldt.",
    "Jeg følte mig som et svin, da jeg måtte bede om penge.",
    "Jeres dumme regler passer ikke til virkelige mennesker.",
    "I ødelægger min families liv med den afgørelse.",
    "I er ligeglade med os. Det er magtmisbrug.",
    "Du lyver i din journal, og det kan jeg bevise.",
    "Jeg kommer ned på kommunen i morgen klokken 10 for at aflevere papirerne.",
    "Jeg kigger forbi Borgerservice på torsdag.",
    "Må jeg komme forbi jeres kontor på mandag med lægeerklæringen?",
    "Du er velkommen til at komme hjem til mig og se, hvordan vi bor.",
    "Tak for hjemmebesøget i tirsdags. Det var rart, at du kom hjem til os.",
    "Du kan ringe til mig på min private telefon efter klokken 16.",
    "Jeg har oprettet en ny mailadresse, brug den private i stedet.",
    "Jeg har ikke modtaget jeres brev, fordi I har min gamle adresse.",
    "Hvor bor I henne? Jeg kan ikke finde indgangen til jobcenteret.",
    "Ved du, hvor jeg skal parkere, når jeg kommer til mødet?",
    "Mine børn går i skole på Nørrebakken, og min datter skal skifte klasse.",
    "Min søn slog sig i skolen i går, men det var ikke alvorligt.",
    "Min datter er god til at slå kolbøtter, og børnene er glade for deres nye hjem.",
    "Jeg har aldrig lagt hånd på mine børn, og det ved I godt.",
    "Vi spillede fodbold, og de andre slog os 4-0.",
    "Min far døde i marts, og jeg har stadig ikke fået svar om begravelseshjælp.",
    "Min bror begik selvmord for ti år siden, og det har præget mit liv.",
    "Når jeg er død, skal min datter arve huset, så hvordan er jeg stillet med lånet?",
    "Min mand er jæger og skal have fornyet sit jagttegn.",
    "Jeg søger om en ny køkkenkniv med ergonomisk greb som hjælpemiddel.",
    "Jeg har tit ondt i ryggen og kan ikke løfte noget.",
    "Jeg slår fast, at jeg har sendt alle bilag rettidigt.",
    "Jeg slår dig lige et nummer fra: 12345678 er ikke længere mit.",
    "Jeg foreslår, at vi slår os sammen om at finde en løsning.",
    "Jeg har banket på døren til kontoret, men der var ingen.",
    "Der er brændt et hus ned ved siden af vores, og vi skal genhuses.",
    "Vi mistede alt, da huset brændte ned til grunden.",
    "Jeg optager gerne mødet til eget brug, hvis I siger ja.",
    "Jeg har læst jeres opslag på Facebook om åbningstider.",
    "Kan I lægge referatet på nettet, så jeg kan læse det?",
    "Hvorfor hænger der en seddel om, at I har lukket?",
    "Jeg er rasende over afslaget. Jeg beder om aktindsigt og en begrundelse.",
    "Jeg skammer mig ikke over at sige, at jeg er vred på systemet.",
    "Jeg truer ikke nogen, jeg beder om hjælp.",
    "I truer med at stoppe min ydelse, og det er ulovligt.",
    "Undskyld min tone i går. Jeg var ked af det og mente det ikke.",
    "Tak for hjælpen, du har reddet min uge. God weekend.",
    "Det tager livet af mig, al den ventetid. Jeg håber, I snart svarer.",
    "Det koster mig livet af bekymringer, hver gang der kommer et brev.",
    "Jeg kan ikke leve af 6.000 kroner om måneden.",
    "Jeg vil ikke leve i en bolig med skimmelsvamp.",
    "Hvad skal der til, før I reagerer? Skal jeg først blive alvorligt syg?",
    "Jeg har fået jeres adresse af min læge og sender papirerne med posten.",
    "Er det ikke meningen, at I skal vejlede? Det står i forvaltningsloven.",
    "Jeg sender en kopi af denne klage til min advokat og til borgmesteren.",
    "Pas godt på jer selv, og rigtig god sommer.",
    "Jeg møder op til samtalen hos dig på kontoret tirsdag klokken 9.",
    "Hermed svar på partshøringen. Jeg er uenig i punkt 2 og 3.",
    "Jeg har fulgt jeres råd og fået hjælp af en bisidder.",
    "Jeg er bange for at miste min bolig. Kan du ringe til mig?",
    "Vi skal nok få det til at lykkes. Jeg holder øje med min e-Boks.",
    "Sne er ikke ryddet på Egevej, og skraldebilen kan ikke komme frem.",
    "Rotterne er tilbage i kloakken, og nogen må slå dem ihjel.",
    "Jeg bekæmper dræbersnegle i haven. Jeg dræber dem med salt. Må jeg det?",
    "Der er et hul i vejen ud for nummer 14, så man kan slå sig ihjel.",
]


@pytest.mark.parametrize(("text", "kind", "expected"), SEEN)
def test_what_must_be_seen_is_seen(text: str, kind: str, expected: str) -> None:
    assert level(assessed(text), kind) == expected


@pytest.mark.parametrize(("text", "kind"), WEAKENED)
def test_negated_or_quoted_is_at_most_yellow(text: str, kind: str) -> None:
    found = assessed(text)
    assert level(found, kind) in {"yellow", None}
    assert found.level != "red"


@pytest.mark.parametrize("text", CLEAN)
def test_angry_but_legitimate_and_ordinary_mail_stays_clean(text: str) -> None:
    assert [one for one in assessed(text).signals if one.level != "grey"] == []


def test_there_are_enough_of_each() -> None:
    assert len(SEEN) >= 60
    assert len(CLEAN) >= 60
    assert {kind for _, kind, _ in SEEN} >= {
        "threat",
        "self_harm",
        "child_in_danger",
        "home_visit",
        "insult",
        "exposure",
        "private_channel",
    }


RIGHTS = [
    ("Jeg vil klage over afgørelsen af 3. november.", "complaint"),
    ("Jeg er uenig i jeres afslag og beder om en genvurdering.", "complaint"),
    ("Jeg kan ikke finde mig i den afgørelse.", "complaint"),
    ("Hvornår udløber klagefristen?", "appeal_deadline"),
    ("Jeg svarer hermed inden for fristen på 4 uger, så min klage er rettidig.", "appeal_deadline"),
    ("Jeg søger om støtte til nye briller.", "application"),
    ("Hermed ansøgning om merudgifter.", "application"),
    ("Jeg beder om aktindsigt i hele min sag.", "file_access"),
    ("Send mig venligst en kopi af alle sagens akter.", "file_access"),
    ("Hvilke oplysninger har kommunen om mig? Jeg beder om indsigt efter artikel 15.", "data_access"),
    ("I skal slette alle mine oplysninger, jeg har ret til at blive glemt.", "deletion_request"),
    ("Min søster er min partsrepræsentant, fuldmagt vedlagt.", "representation"),
    ("Må jeg have en bisidder med?", "representation"),
    ("Her er mine bemærkninger til partshøringen.", "hearing_reply"),
    ("Jeg er bekymret for min nabos barn.", "child_concern"),
    ("Jeg vil lave en underretning.", "child_concern"),
    ("Jeg har ikke penge til mad resten af måneden.", "urgent_help"),
    ("Vi bliver sat ud af vores lejlighed på fredag.", "urgent_help"),
    ("Jeg er ordblind og har svært ved at læse jeres breve.", "accessibility"),
    ("Jeg har brug for en tolk til mødet.", "accessibility"),
    ("Babyen får ikke mad.", "child_concern"),
    ("Jeg vil ikke leve mere.", "urgent_help"),
]


@pytest.mark.parametrize(("text", "right"), RIGHTS)
def test_a_right_is_marked(text: str, right: str) -> None:
    assert right in assessed(text).rights


@pytest.mark.parametrize(
    "text",
    [
        "Tak for jeres svar, det hjalp.",
        "Jeg beklager, at jeg ikke kom til mødet.",
        "Jeg vil ikke klage, jeg vil bare sige tak.",
        "Kan vi flytte mødet til onsdag?",
        "Tak for brevet.\n\nDen 3. november 2026 kl. 9.12 skrev Karen Karlsen <karen@eksempel.dk>:\n"
        "> Du kan klage inden 4 uger, og du kan søge aktindsigt.",
    ],
)
def test_no_right_is_marked_where_none_is_used(text: str) -> None:
    assert assessed(text).rights == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Jeg skrev i går i fuldskab, at jeg ville komme og slå jer ihjel. Undskyld, det mener jeg ikke.", "yellow"),
        ("Det er ikke ment som en trussel, men jeg ved, hvor du bor.", "red"),
        ('Min chef råbte "jeg slår dig ihjel" foran de andre. Jeg har meldt det til politiet.', None),
        ("Jeg mener stadig hvert et ord.\n\nDen 10. november 2026 skrev Rene:\n> Jeg slår dig ihjel.", "red"),
        ("Se hvad han skrev.\n\nDen 10. november 2026 skrev Rene:\n> Jeg slår dig ihjel.", "yellow"),
        ("Jeg kan ikke mere jeg slår dig ihjel", "red"),  # "ikke" belongs to what stands before
        ("j3g slår d1g ihjel", "red"),
    ],
)
def test_how_the_mail_as_a_whole_means_a_threat(text: str, expected: str | None) -> None:
    assert level(assessed(text), "threat") == expected
