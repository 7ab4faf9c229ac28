"""A leader's whole way in Danish with the keyboard alone; those who may not, who meet, who have no scripts, who are logged out."""

import re
from datetime import timedelta

import httpx2
import pytest
from fakes.console import COOKIE, console_running
from fakes.looking import WIDTHS, Opener
from fakes.written import MEASURES, begun, move, whole
from playwright.async_api import expect

from services.console.auth.door import AT_MOST, hash_of
from services.store.account_values import LogIn, UserSession
from workflows.audit import AuditRecord

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
async def town(tmp_path_factory):
    """A guard of their own: here is written, and time passes."""
    async with console_running(tmp_path_factory.mktemp("guard")) as running:
        yield running


@pytest.fixture
def visit(chromium, town):
    return Opener(chromium, town)


@pytest.fixture
async def lene(town):
    async with httpx2.AsyncClient(base_url=f"http://{town.guard.http.address}", cookies={COOKIE: "leader"}, timeout=60) as client:
        yield client


class Hands:
    """Somebody at a keyboard."""

    def __init__(self, looking):
        self.looking, self.page, self.keys = looking, looking.page, looking.page.keyboard

    async def write(self, label, text):
        await self.looking.tab_to(label)
        await self.keys.type(text)

    async def tick(self, label):
        await self.looking.tab_to(label)
        await self.keys.press("Space")

    async def press(self, name):
        await self.looking.tab_to(name)
        async with self.page.expect_navigation():
            await self.keys.press("Enter")

    async def sees(self, text):
        await expect(self.page.locator("main")).to_contain_text(text)


async def test_a_leader_s_whole_way_from_report_to_lifted_by_keyboard(visit, town):
    async with visit("caseworker") as looking:
        karen = Hands(looking)
        await looking.open("/")
        await karen.press("Indberet en hændelse")
        await karen.write("Hvad skete der?", "Du skrev 14 mails på én nat.")
        await karen.write("Hvilken sag?", "s-90")
        await karen.press("Indberet")
        await karen.sees("Tak. Det er indberettet")
    async with visit("leader") as looking:
        leader = Hands(looking)
        await looking.open("/")
        await leader.press("Karen Karlsen")
        await leader.press("Gem")
        await leader.sees("Vi har talt sammen")
        await leader.press("Lav en kladde til en ramme")
        path = "/".join(looking.page.url.split("/")[-4:-2])
        kept = await town.guard.store.dossiers.get(path.removeprefix("frameworks/"))
        await leader.tick("Sagen s-90")
        await leader.press("Gem og gå videre")
        await leader.tick("Meget mange henvendelser")
        await leader.write("Hvad betyder det for arbejdet?", "Medarbejderne når ikke deres andre sager.")
        await leader.press("Gem og gå videre")
        await leader.tick("En samtale om tonen")
        await leader.write("Hvorfor er det ikke nok?", "Aftalen holdt i fire dage.")
        await leader.press("Gem og gå videre")
        await leader.tick("Nej, det har vi tænkt over")
        await leader.tick("Det har vi taget stilling til")
        await leader.press("Gem og gå videre")
        await leader.tick("Én postkasse")
        await leader.write("Hvorfor er der brug for netop det her?", "Medarbejderne skal kunne svare dig ordentligt.")
        await leader.press("Gem og gå videre")
        await leader.write("Hvad skal der til", "En måned med én mail om ugen.")
        await leader.press("Gem og gå videre")
        await leader.press("Gå videre")
        await leader.sees("Alt er svaret på")
        await looking.picture("way-letter")
        await leader.press("Beslut rammen")
        await leader.write("Hvorfor kommer der ikke en advarsel først?", "Det er sket mange gange på kort tid.")
        await leader.press("Beslut rammen")
        await leader.sees("Send brevet til borgeren")
        await looking.picture("way-decided")
        await leader.press("Hent brevet, og skriv, hvornår det nåede frem")
        await leader.tick("De medarbejdere, det angår, har fået besked")
        await leader.press("Sæt rammen i kraft")
        await leader.sees("Nåede frem")
        await looking.picture("way-active")
        assert await looking.axe() == []
        await leader.press("Ophæv rammen")
        await leader.write("Hvorfor?", "Det er gået godt i en måned.")
        await leader.tick("De medarbejdere, det angår, har fået besked")
        await leader.press("Ophæv rammen")
        await leader.sees("Ophævet")
    kept = await town.guard.store.dossiers.get(kept.dossier.framework.id)
    assert [one.record.move for one in kept.dossier.steps] == ["drafted", "decided", "activated", "lifted"]


async def test_a_caseworker_reads_what_concerns_them_and_is_told_whose_task_it_is(visit):
    async with visit("caseworker") as looking:
        karen = Hands(looking)
        await looking.open("/frameworks/f-1")
        await karen.sees("går til bf-kontakt@eksempel.dk")
        await expect(looking.page.get_by_role("link", name="Ophæv rammen")).to_have_count(0)
        await looking.open("/frameworks/f-1/move/lifted")
        await karen.sees("Det skal en leder af den enhed, som rammen gælder, gøre.")
        await expect(looking.page.locator("textarea")).to_have_count(0)
        assert await looking.axe() == []
        await looking.picture("refused")


async def test_the_approver_reads_sends_back_and_approves(visit, lene):
    id = await whole(lene, "c-1010", reach="units", unit=["boern-familie", "teknik-byg"], wider_because="Begge enheder er ramt.")
    words = {"no_warning_because": "Det haster.", "lawyer": "jette@eksempel.dk", "lawyer_says": "Det er i orden."}
    assert (await move(lene, id, "decided", **words)).headers["Location"].endswith("said=submitted")
    async with visit("head") as looking:
        birgit = Hands(looking)
        await looking.open(f"/frameworks/{id}")
        await birgit.press("Læs og godkend")
        await birgit.sees("Rammen gælder flere enheder.")
        assert await looking.axe() == []
        await looking.picture("approve")
        await looking.tab_to("Send tilbage med en besked")
        await looking.page.keyboard.press("Enter")
        await birgit.write("Hvad skal rettes?", "Skriv, hvorfor Teknik og Byg er med.")
        await birgit.press("Send tilbage")
        await birgit.sees("Sendt tilbage")
    assert (await move(lene, id, "decided", **words)).headers["Location"].endswith("said=submitted")
    async with visit("head") as looking:
        birgit = Hands(looking)
        await looking.open(f"/frameworks/{id}/move/approve")
        await birgit.press("Godkend")
        await birgit.sees("godkendt af Birgit Bruun")


async def test_of_two_leaders_who_write_the_same_the_second_is_told_and_nothing_is_lost(visit, lene):
    id = await begun(lene)
    path = f"/frameworks/{id}/write/happenings"
    async with visit("leader") as first, visit("head") as second:
        for looking in (first, second):
            await looking.open(path)
        label = "Hvad betyder det for arbejdet?"
        await first.page.get_by_label(label).fill("Lenes ord.")
        await expect(first.page.locator("#saved")).to_contain_text("Gemt kl.")
        await second.page.get_by_label(label).fill("Birgits ord.")
        await expect(second.page.locator("#trouble")).to_contain_text("Lene Lund har gemt det samme trin imens")
        await expect(second.page.get_by_label(label)).to_have_value("Birgits ord.")
        await second.page.get_by_role("button", name="Gem og gå videre").click()
        await expect(second.page.locator(".theirs")).to_contain_text("Lenes ord.")
        await expect(second.page.get_by_label(label)).to_have_value("Birgits ord.")
        await second.picture("overtaken")
        assert await second.axe() == []
        await second.page.get_by_label(label).fill("Lenes ord. Birgits ord.")
        await expect(second.page.locator("#saved")).to_contain_text("Gemt kl.")
        await second.open(path)
        await expect(second.page.get_by_label(label)).to_have_value("Lenes ord. Birgits ord.")


async def test_what_is_chosen_shows_in_the_grade_and_the_letter_at_once(visit, lene):
    id = await whole(lene)
    async with visit("leader") as looking:
        await looking.open(f"/frameworks/{id}/write/measures")
        aside = looking.page.locator("#beside")
        await expect(aside).to_contain_text("Indgrebsgrad 2")
        await looking.page.get_by_label("Et emne er besvaret").check()
        await looking.page.get_by_label("Hvilket emne?").fill("Afgørelsen om aflastning")
        await expect(aside).to_contain_text("Indgrebsgrad 3")
        await expect(aside).to_contain_text("Afgørelsen om aflastning")
        assert MEASURES["reason"] in await aside.inner_text()
        await looking.wide("phone")
        await expect(aside).to_be_hidden()
        await looking.page.get_by_role("link", name="Se brevet").click()
        await expect(aside).to_be_visible()
        assert await looking.axe() == []


async def test_a_hearing_is_written_down_as_received_by_keyboard_before_anything_is_decided(visit, town, lene):
    id = await whole(lene)
    deadline = (town.clock.now() + timedelta(days=14)).date().isoformat()
    assert (await move(lene, id, "heard", answer_by=deadline)).status_code == 303
    town.clock.forward(timedelta(minutes=1))
    async with visit("leader") as looking:
        leader = Hands(looking)
        await looking.open("/")
        await leader.sees("Send høringsbrevet til borgeren, og skriv, hvornår det nåede frem.")
        await looking.open(f"/frameworks/{id}")
        await leader.sees("Brevet er ikke registreret som sendt")
        assert await looking.axe() == []
        await looking.picture("letter-owed")
        await leader.press("Hent brevet, og skriv, hvornår det nåede frem")
        assert await looking.axe() == []
        for width in WIDTHS:
            await looking.wide(width)
            await looking.picture("letter-delivered")
            assert await looking.too_wide() <= 0
        await leader.write("Reference", "DP 12-34")
        await leader.press("Gem, at brevet er nået frem")
        await leader.sees("Det er gemt, at brevet er nået frem")
        await leader.sees("Digital Post · DP 12-34")
        await expect(looking.page.get_by_text("Brevet er ikke registreret som sendt")).to_have_count(0)
        await looking.picture("letter-proved")
        await looking.open(f"/frameworks/{id}/move/decided")
        await looking.page.get_by_label("Nej", exact=True).check()
        await looking.page.get_by_label("Hvorfor kommer der ikke en advarsel først?").fill("Det haster.")
        await leader.press("Beslut rammen")
        await leader.sees("Vent, til fristen for at svare er gået.")
    [kept] = (await town.guard.store.dossiers.get(id)).dossier.delivered
    assert kept.proof.reference == "DP 12-34"


async def test_the_letter_follows_the_answers_and_keeps_its_author_s_own_words(visit, lene):
    id = await whole(lene)
    async with visit("leader") as looking:
        await looking.open(f"/frameworks/{id}/move/warned")
        letter = looking.page.locator("#letter-text")
        await letter.get_by_text("Ret denne del").first.click()
        await letter.get_by_label("Hilsenen øverst").fill("Kære Ejnar Eg\n\nMine egne ord.")
        await looking.page.get_by_label("Hvad beder I borgeren om fremover?").fill("Skriv én mail om ugen.")
        await expect(letter).to_contain_text("Skriv én mail om ugen.")
        await expect(letter).to_contain_text("Mine egne ord.")
        assert await looking.axe() == []
        assert looking.complaints == []


async def test_what_is_written_on_a_move_s_page_is_there_after_the_browser_was_closed(visit, lene):
    id = await whole(lene)
    path = f"/frameworks/{id}/move/warned"
    async with visit("leader") as looking:
        await looking.open(path)
        await looking.page.get_by_label("Hvad beder I borgeren om fremover?").fill("Skriv én mail om ugen.")
        await expect(looking.page.locator("#letter-text")).to_contain_text("Skriv én mail om ugen.")
        await expect(looking.page.locator("#saved")).to_contain_text("Gemt kl.")
        letter = looking.page.locator("#letter-text")
        await letter.get_by_text("Ret denne del").first.click()
        async with looking.page.expect_response(lambda answer: "Mine%20egne%20ord" in (answer.request.post_data or "")):
            await letter.get_by_label("Hilsenen øverst").fill("Kære Ejnar Eg\n\nMine egne ord.")
        assert looking.complaints == []
    async with visit("leader") as looking:
        await looking.open(f"/frameworks/{id}")
        await looking.picture("begun")
        await looking.page.get_by_role("link", name="Advar borgeren").click()
        await expect(looking.page.get_by_label("Hvad beder I borgeren om fremover?")).to_have_value("Skriv én mail om ugen.")
        await expect(looking.page.get_by_label("Hilsenen øverst")).to_have_value("Kære Ejnar Eg\n\nMine egne ord.")
        await looking.picture("begun-move")
        assert await looking.axe() == []
        await Hands(looking).press("Smid det væk, og begynd forfra")
        await expect(looking.page.get_by_label("Hvad beder I borgeren om fremover?")).to_have_value("")


async def test_all_can_be_read_and_written_without_scripts(visit, lene):
    id = await begun(lene)
    async with visit("leader", script=False) as looking:
        await looking.open("/frameworks/f-1")
        await expect(looking.page.get_by_role("heading", name="Det gælder")).to_be_visible()
        await looking.open(f"/frameworks/{id}/write/scope")
        await looking.page.get_by_label("Sagen s-90").check()
        await looking.page.get_by_role("button", name="Gem og gå videre").click()
        await expect(looking.page.get_by_role("group", name="Hændelse 1")).to_be_visible()
        await looking.open(f"/frameworks/{id}/write/scope")
        await expect(looking.page.get_by_label("Sagen s-90")).to_be_checked()


async def test_a_session_that_ends_in_mid_form_costs_nothing(visit, town, lene):
    id = await begun(lene)
    users, now = town.guard.store.users, town.clock.now()

    async def enter(looking, secret):
        session = UserSession(hash_of(secret), "a-leader", "c5f7", now, now, now + AT_MOST)
        assert await users.enter(LogIn(session, "test", "none", None), AuditRecord(now, "test", "login.succeeded", "a-leader"))
        await looking.page.context.add_cookies([{"name": "sid", "value": secret, "url": looking.base}])

    async with visit(None) as looking:
        await enter(looking, "first")
        await looking.open(f"/frameworks/{id}/write/happenings")
        await users.end_session("a-leader", hash_of("first"), AuditRecord(now, "test", "session.ended", "a-leader"))
        await looking.page.get_by_label("Hvad betyder det for arbejdet?").fill("Ord, der ikke må gå tabt.")
        await looking.page.wait_for_url(re.compile("/login"))
        await enter(looking, "second")
        await looking.open("/login/kept")
        await expect(looking.page.locator("main")).to_contain_text("Ord, der ikke må gå tabt.")
        await looking.page.get_by_role("button", name="Send det nu").click()
        await looking.page.wait_for_url(re.compile("/write/"))
        await looking.open(f"/frameworks/{id}/write/happenings")
        await expect(looking.page.get_by_label("Hvad betyder det for arbejdet?")).to_have_value("Ord, der ikke må gå tabt.")
