"""Letters as PDF, printed by the process that prints them: what a reader, a screen reader and an archive find in the file."""

import asyncio
import hashlib
import io
import unicodedata
from dataclasses import replace

import pytest
from fakes.letters import matter
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from typst import TypstError

from services import letters
from services.letter_printer import pdf_of, refusal
from services.letter_texts import load, template
from services.letters import PrinterFailed, letterhead, print_letter, template_faults
from services.settings import Settings
from workflows.letters import LANGUAGES, Unfinished, as_text, compose

TEXTS = load()


def letter(kind="decision", language="da", edited=None, **more):
    return compose(kind, matter(kind, **more), TEXTS[language], edited)


def bare(text):
    """Letters alone: lines break and hyphens stand otherwise on paper than in text, and a ligature is its letters."""
    return "".join(unicodedata.normalize("NFKC", text).replace("\u00ad", "").split())


def read(pdf):
    return PdfReader(io.BytesIO(pdf))


def text_of(pdf):
    pages = [page.extract_text() for page in read(pdf).pages]
    return bare("".join("\n".join(page.splitlines()[:-1]) for page in pages))  # each page's foot stands last


def tags(element):
    """Every kind of element in the file's structure."""
    element = element.get_object()
    if isinstance(element, list):
        return {kind for one in element for kind in tags(one)}
    if not hasattr(element, "get"):
        return set()
    return {element.get("/S")} | (tags(element["/K"]) if "/K" in element else set())


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_file_says_all_that_the_letter_says(language):
    one = letter(language=language)
    made = await print_letter(one)
    found = text_of(made.pdf)
    for section in one.sections:
        for line in (section.heading, *section.text.splitlines()):
            assert bare(line.removeprefix("- ")) in found, line
    for line in (one.title, one.written_on, *one.sender, *one.recipient):
        assert bare(line) in found, line
    assert made.text == as_text(one)
    assert made.sha256 == hashlib.sha256(made.pdf).hexdigest()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_file_can_be_read_aloud(language):
    """PDF/UA-1: language and title are told, and headings, paragraphs and lists are what they are."""
    made = read((await print_letter(letter(language=language))).pdf)
    root = made.trailer["/Root"]
    assert root["/Lang"] == language
    assert made.metadata.title == letter(language=language).title
    assert made.metadata.author == "Eksempel Kommune"
    assert root["/MarkInfo"]["/Marked"] and root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert {"/H1", "/H2", "/P", "/L", "/LI"} <= tags(root["/StructTreeRoot"]["/K"])
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    assert [round(float(one)) for one in made.pages[0].mediabox[2:]] == [595, 842]  # A4
    assert all("/FontFile3" in font or "/FontFile2" in font for font in _fonts(made))


def _fonts(made):
    for page in made.pages:
        for font in page["/Resources"]["/Font"].values():
            yield font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]


async def test_pages_are_numbered_and_the_reader_stands_in_the_window():
    made = read((await print_letter(letter())).pdf)
    assert [page.extract_text().splitlines()[-1] for page in made.pages] == [
        f"Eksempel Kommune Side {one} af {len(made.pages)}" for one in range(1, len(made.pages) + 1)
    ]
    places = []
    made.pages[0].extract_text(visitor_text=lambda text, cm, *_: places.append((text.strip(), cm[4], cm[5])))
    left, top = next((x, 842 - y) for text, x, y in places if text.startswith("Bo Borger"))
    assert 20 <= left / 72 * 25.4 <= 24 and 45 <= top / 72 * 25.4 <= 56  # mm: inside the windows of C5 and M65


async def test_the_same_letter_gives_the_same_file():
    assert (await print_letter(letter("lifting"))).sha256 == (await print_letter(letter("lifting"))).sha256


async def test_a_letter_that_lacks_something_is_printed_as_a_draft_alone():
    lacking = letter(ground={"way_back": ""})
    with pytest.raises(Unfinished) as refused:
        await print_letter(lacking)
    assert refused.value.because == lacking.missing
    assert bare("Udkast – ikke sendt") in text_of((await print_letter(lacking, draft=True)).pdf)


MARKUP = (
    '#panic("x") *fed* _kursiv_ $x^2$ `kode` <mærke> @henvis = Titel // væk /* væk */ \\ ~ -- --- ... #import "@preview/x:1.0.0"'
)


async def test_markup_of_an_author_is_text():
    found = text_of((await print_letter(letter("lifting", edited={"opening": MARKUP}))).pdf)
    assert bare(MARKUP) in found


WRITABLE = st.text(
    st.characters(max_codepoint=0x17F, categories=["L", "N", "P", "S", "Zs"], exclude_characters="ŉſ\u00a8\u00af\u00b4\u00b8"),
    min_size=1,
    max_size=200,
)


@settings(max_examples=30, deadline=None)
@given(text=WRITABLE)
def test_whatever_is_written_stands_there_as_written(text):
    """Printed in this process: it is the library that is asked here, and it is asked often."""
    one = letter("lifting", edited={"opening": f"fra {text} til"})
    found = text_of(pdf_of(template(), letters._for_template(one, draft=False)))
    section = next(part for part in one.sections if part.id == "because")
    assert bare("".join(line.removeprefix("- ") for line in section.text.splitlines())) in found


@settings(max_examples=30, deadline=None)
@given(text=st.text(max_size=200))
def test_every_text_is_printed_or_named(text):
    one = letter("lifting", edited={"opening": f"fra {text} til"})
    try:
        assert pdf_of(template(), letters._for_template(one, draft=False))[:5] == b"%PDF-"
    except TypstError as error:
        assert refusal(error)["unshown"]


async def test_a_character_that_no_font_has_is_named():
    with pytest.raises(Unfinished) as refused:
        await print_letter(letter("lifting", edited={"opening": "Tak 😀 og 中"}))
    assert [one.da for one in refused.value.because] == [
        "Tegnet “😀” kan ikke trykkes i brevet. Skriv det med almindelige bogstaver.",
        "Tegnet “中” kan ikke trykkes i brevet. Skriv det med almindelige bogstaver.",
    ]


async def test_a_word_without_end_stays_on_the_paper():
    word = "x" * 500
    made = read((await print_letter(letter("lifting", edited={"opening": word}))).pdf)
    lines = [line for page in made.pages for line in page.extract_text().splitlines() if "xxx" in line]
    assert len(lines) > 4 and sum(line.count("x") for line in lines) >= 500


async def test_a_letter_that_is_far_too_long_is_refused():
    with pytest.raises(Unfinished) as refused:
        await print_letter(letter("lifting", edited={"opening": "ord " * 60_000}))
    assert refused.value.because[0].en == "The letter is far too long. Shorten it."


async def test_a_printer_that_takes_too_long_is_ended(monkeypatch):
    monkeypatch.setattr(letters, "SECONDS", 0.0)
    with pytest.raises(PrinterFailed, match="took too long"):
        await print_letter(letter("lifting"))


OWN = "#let letter = json(bytes(sys.inputs.letter))\n#set document(title: letter.title)\n#set text(lang: letter.language)\n"


async def test_an_own_template_is_used(tmp_path):
    (tmp_path / "letter.typ").write_text(OWN + "Vores eget papir\n", encoding="utf-8")
    found = await print_letter(letter("lifting"), str(tmp_path))
    assert bare("Vores eget papir") in bare(read(found.pdf).pages[0].extract_text())


@pytest.mark.parametrize(
    ("template_", "said"),
    [
        (OWN + "Godt.\n", ""),
        (OWN + "#ukendt\n", ":4: unknown variable: ukendt"),
        (OWN + "#while true { letter.title }\n", ":4: condition is always true"),
        (OWN + '#read("/etc/passwd")\n', "not found"),
        (OWN + '#import "@preview/cetz:0.3.1"\n', "takes a package from the network"),
        ("Intet navn", "PDF/UA-1 error: missing document title"),
    ],
)
def test_an_own_template_is_tried_by_check_config(tmp_path, template_, said):
    (tmp_path / "letter.typ").write_text(template_, encoding="utf-8")
    found = list(template_faults(str(tmp_path), TEXTS))
    assert len(found) == bool(said)
    assert all(said in line and line.startswith(f"{tmp_path / 'letter.typ'}:") for line in found), found


def test_the_letterhead_is_what_the_settings_say():
    given_ = Settings.model_validate(
        {
            "municipality": {"name": "Silkeborg Kommune", "domains": ["silkeborg.dk"]},
            "letters": {"phone": "1", "phone_hours": [{"days": ["mon"], "from": "09:00", "to": "10:00"}], "address": ["A", "B"]},
            "mailboxes": [{"address": "BF@silkeborg.dk", "host": "i:993", "user": "x", "answer_within_days": 1}],
            "retention": {"frameworks": 30},
        }
    )
    head = letterhead(given_)
    told = compose("warning", replace(matter("warning"), head=head), TEXTS["da"])
    assert told.sender == ("Silkeborg Kommune", "Børn og Familie", "A", "B")
    assert "mandag kl. 9-10" in as_text(told) and "30 dage" in as_text(told)
    assert head.answer_days == {"bf@silkeborg.dk": 1}


async def test_however_many_are_asked_for_few_are_printed_at_once(monkeypatch):
    """Counted where a process is started: each may take gigabytes."""
    running, most, begin = set(), 0, asyncio.create_subprocess_exec

    async def started(*command, **more):
        nonlocal most
        process = await begin(*command, **more)
        running.add(process)
        most = max(most, sum(one.returncode is None for one in running))
        return process

    monkeypatch.setattr(letters.asyncio, "create_subprocess_exec", started)
    made = await asyncio.gather(*(print_letter(letter()) for _ in range(5)))
    assert len({one.sha256 for one in made}) == 1
    assert (len(running), most) == (5, letters.AT_ONCE)
