"""Who may have written: what counts as alike, what evidence makes together, and what it never makes."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.identity_words import load
from workflows.authentication import Verdict
from workflows.clues import MOST, MOST_SENTENCES, Clues, clues_from, clues_of
from workflows.cpr import cpr_hash
from workflows.facts import CitizenFile
from workflows.found_by import key_of_phone, keys_of_citizen, names_alike, says_another
from workflows.identity_words import KINDS, BadIdentityWords, identity_words_from
from workflows.likeness import Found, Sent, likened, names_of
from workflows.mail import Headers
from workflows.people import Case, Citizen, Grade
from workflows.reading import read_mail

KEY = b"k" * 32
WORDS = load()
ORDER = [Grade.NONE, Grade.UNCONFIRMED, Grade.PROBABLE, Grade.VERIFIED]
BO = Citizen.model_validate(
    {
        "id": "c-1",
        "name": "Bo Ålund Borger",
        "addresses": ["bo.borger@example.net"],
        "phones": ["12 34 56 78"],
        "cpr": "010190-1234",
        "people": [
            {"name": "Ada Advokat", "role": "representative", "addresses": ["ada@advokat.example"]},
            {"name": "Mona Borger", "role": "relative", "addresses": ["mona@borger-familien.dk"]},
        ],
    }
).without_cpr(KEY)
FILE = CitizenFile(BO, (Case(id="s-77", citizen="c-1", unit="u", caseworker="k@eksempel.dk"),))


def found(*more, file=FILE):
    return Found(file, keys_of_citizen(KEY, file.citizen, WORDS.common) | frozenset(more))


def clues(text="Hej", name="", address="ny@example.org", **headers):
    fields = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in headers.items())
    sender = f'"{name}" <{address}>' if name else address
    return clues_of(
        read_mail(f"From: {sender}\r\n{fields}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}".encode()), KEY, WORDS.common
    )


def like(read, *more, address="ny@example.org", files=(FILE,), **sent):
    return likened(read, Sent((address,), **sent), [found(*more, file=file) for file in files], WORDS)


@pytest.mark.parametrize(
    "written, registered, expected",
    [
        ("Bo Borger", "Bo Ålund Borger", True),
        ("BORGER, Bo", "Bo Borger", True),
        ("Bo Aalund", "Bo Ålund Borger", True),
        ("Søren Sørensen", "Soren Sorensen", True),
        ("B. Borger", "Bo Borger", True),
        ("Karen Holm Jensen", "Karen Holm", True),  # married since
        ("Anna Borger", "Bo Borger", False),  # of the family
        ("Borger", "Bo Borger", False),
        ("Kirsten Christensen", "Kirsten Kristensen", True),
        ("", "Bo Borger", False),
        ("Bo", "Bo Borger", False),
    ],
)
def test_names(written, registered, expected):
    assert names_alike(written, registered) is expected
    assert names_alike(registered, written) is expected


def test_a_name_that_is_not_whole_is_nobody_elses():
    assert says_another("Anna Borger", "Bo Borger")
    assert not says_another("Borger", "Bo Borger") and not says_another("B. Borger", "Bo Borger")


@pytest.mark.parametrize("written", ["12345678", "+45 12 34 56 78", "0045 12345678", "12-34-56-78"])
def test_a_telephone_number_is_the_same_in_every_way_of_writing(written):
    assert key_of_phone(KEY, written) == key_of_phone(KEY, "12 34 56 78") is not None


def test_numbers_of_people_leave_a_mail_as_hashes_alone():
    read = clues("Mit nummer er 010190-1234, ring på 12 34 56 78.\n\nVenlig hilsen\nBo Borger")
    assert f"cpr:{cpr_hash(KEY, '0101901234')}" in read.keys and key_of_phone(KEY, "12345678") in read.keys
    wire = repr(read.wire())
    assert read.signature == "Bo Borger"
    assert not any(number in wire for number in ("0101901234", "010190", "12345678", "12 34 56 78"))
    assert clues_from(read.wire()) == read


def test_what_is_quoted_is_not_the_writers():
    quoted = "Enig.\n\nDen 3. maj 2027 skrev Bo Borger <bo@x.dk>:\n> Mit CPR er 010190-1234, sag s-77, hilsen Bo Borger\n"
    read = clues(quoted)
    assert not read.signature and not read.cases and not any(one.startswith("cpr:") for one in read.keys)


def test_a_name_and_a_number_of_a_case_make_it_probable_and_a_name_alone_does_not():
    assert like(clues(name="Bo Borger"))[0].grade is Grade.UNCONFIRMED
    [one] = like(clues("Om sag s-77", name="Bo Borger"), "case:s-77")
    assert (one.grade, one.kinds, one.about, one.person) == (Grade.PROBABLE, ("case_number", "display_name"), "link", None)


def test_text_alone_is_unconfirmed_however_much_of_it():
    text = "CPR 010190-1234, tlf. 12 34 56 78, sag s-77.\nVenlig hilsen\nBo Borger"
    [one] = like(clues(text), "case:s-77")
    assert set(one.kinds) == {"cpr", "phone", "case_number", "signature"} and one.grade is Grade.UNCONFIRMED


def test_the_same_name_at_another_provider_is_one_piece_of_evidence():
    [one] = like(clues(name="Bo Borger", address="bo.borger17@gmail.com"), address="bo.borger17@gmail.com")
    assert set(one.kinds) == {"display_name", "address_likeness"} and one.grade is Grade.UNCONFIRMED


def test_someone_of_the_family_who_knows_the_case_is_not_the_citizen():
    [one] = like(clues("Om sag s-77", name="Anna Borger"), "case:s-77", "thread:m-1")
    assert one.grade is Grade.UNCONFIRMED and one.doubts == ("another_name",)


def test_a_representative_is_likened_as_who_they_are():
    [one] = like(clues("Om sag s-77", name="Ada Advokat", address="ada@nyt.example"), "case:s-77", address="ada@nyt.example")
    assert (one.person, one.role.value, one.grade) == ("Ada Advokat", "representative", Grade.PROBABLE)


def test_an_employee_of_the_same_name_needs_more_than_a_name():
    employees = names_of(["Bo Borger", "Karen"])
    read = clues("Om sag s-77", name="Bo Borger")
    [one] = like(read, "case:s-77", employees=employees)
    assert one.grade is Grade.UNCONFIRMED and one.doubts == ("employee_namesake",)
    assert like(read, "case:s-77", "thread:m-1", employees=employees)[0].grade is Grade.PROBABLE


def test_who_our_own_server_does_not_vouch_for_is_perhaps_someone_who_wants_to_be_taken_for_the_citizen():
    [one] = like(clues("Om sag s-77", name="Bo Borger"), "case:s-77", verdict=Verdict.FAILED)
    assert (one.about, one.grade, one.doubts) == ("spoofing", Grade.UNCONFIRMED, ("authentication_failed",))
    own = BO.addresses[0].address
    [one] = like(clues(address=own), address=own, verdict=Verdict.FAILED)
    assert (one.about, one.grade) == ("spoofing", Grade.PROBABLE)


def test_two_for_whom_as_much_speaks_are_not_told_apart():
    twin = CitizenFile(BO.model_copy(update={"id": "c-2"}), ())
    pair = likened(clues("Om sag s-77", name="Bo Borger"), Sent(("x@y.dk",)), [found(), found(file=twin)], WORDS)
    assert [one.doubts for one in pair] == [("several",)] * 2
    first, second = likened(
        clues("Om sag s-77", name="Bo Borger"), Sent(("x@y.dk",)), [found("case:s-77"), found(file=twin)], WORDS
    )
    assert (first.citizen, first.grade, second.grade) == ("c-1", Grade.PROBABLE, Grade.UNCONFIRMED)


def test_the_same_unusual_sentences():
    own = "I har for tredje gang lovet mig et svar inden for fjorten dage. Jeg har stadig ikke set bare en eneste linje fra jer."
    read = clues(own)
    assert len(read.sentences) == 2 and read.sentences == clues(f"Hej\n\n{own.upper()}").sentences
    shared = [f"words:m-1:{one}" for one in read.sentences]
    assert like(read, *shared)[0].kinds == ("same_words",) and like(read, shared[0]) == ()


@given(st.sets(st.sampled_from(KINDS)), st.sampled_from(KINDS))
def test_more_evidence_never_lowers_a_grade(kinds, more):
    assert ORDER.index(WORDS.grade(kinds)) <= ORDER.index(WORDS.grade(kinds | {more})) < ORDER.index(Grade.VERIFIED)


MORE = ["case:s-77", "thread:m-1", "words:m-1:1", "words:m-1:2"]
TEXTS = ["CPR 010190-1234", "tlf. 12 34 56 78", "Hilsen\nBo Borger"]
NAMES = ["", "Bo Borger", "Anna Borger", "Ada Advokat"]
ADDRESSES = ["ny@example.org", "bo.borger+x@gmail.com", "b.o.borger@example.net", "bo.borger@example.net", "ada@advokat.example"]


def grades(text, name, address, more, **sent):
    read = clues("\n\n".join(text), name, address)
    return {one.citizen: ORDER.index(one.grade) for one in like(read, *more, address=address, **sent)}


@settings(max_examples=60, deadline=None)
@given(
    st.sets(st.sampled_from(TEXTS[:2])), st.sampled_from(NAMES), st.sampled_from(ADDRESSES), st.sets(st.sampled_from(MORE)),
    st.sampled_from(MORE), st.sampled_from(list(Verdict)), st.booleans(),
)  # fmt: skip
def test_laws_of_every_likeness(text, name, address, more, another, verdict, required):
    sent = {"verdict": verdict, "required": required}
    before, after = grades(text, name, address, more, **sent), grades(text, name, address, more | {another}, **sent)
    assert all(one < ORDER.index(Grade.VERIFIED) for one in after.values())
    assert all(after.get(citizen, 0) >= grade for citizen, grade in before.items())
    without = grades(text, name, address, more, verdict=Verdict.ABSENT, required=required)
    if verdict is Verdict.PASSED or required:  # removing a pass never raises; nor, where it is required, removing any result
        assert all(grade <= before.get(citizen, 0) for citizen, grade in without.items())


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["bo.borger", "boborger", "bo.borger+post", "b.o.borger7"]), st.text("abcdefgh. ", max_size=20))
def test_dots_and_tags_never_join_two_registered_people(local, name):
    """An address that is somebody's is nobody else's, however much the two look alike."""
    address = f"{local}@example.org"
    other = CitizenFile(Citizen.model_validate({"id": "c-2", "name": "Per Plads", "addresses": [address]}), ())
    assert {one.citizen for one in like(clues(name=name, address=address), *MORE, address=address, files=(FILE, other))} <= {"c-2"}


@given(st.text(max_size=300), st.text(max_size=40))
@settings(max_examples=60, deadline=None)
def test_reading_clues_is_total(text, name):
    read = read_mail(f"From: {name} <a@b.dk>\r\n\r\n{text}".encode("utf-8", "surrogatepass"))
    assert clues_from(clues_of(read, KEY, WORDS.common).wire()) == clues_of(read, KEY, WORDS.common)
    assert isinstance(likened(Clues(), Sent(()), [found()], WORDS), tuple)


def test_the_clues_of_a_mail_made_to_be_large_are_small():
    fields = "".join(f"Authentication-Results: x; {'a' * 9000}\r\n" for _ in range(20)) + f"References: <{'r' * 9000}@x>\r\n"
    text = "".join(f"sag s-{n} tlf {20000000 + n} hej med dig du gamle ven nummer {n} i dag. " for n in range(9000))
    read = clues_of(read_mail(f"From: {'n' * 9000} <a@b.dk>\r\n{fields}\r\n{text}".encode()), KEY, WORDS.common)
    assert len(json.dumps(read.wire())) < 64 * 1024 and len(read.cases) == MOST and len(read.sentences) == MOST_SENTENCES


def test_a_file_that_lacks_a_kind_says_so():
    text = "probable = 4\nunconfirmed = 2\nevidence = []\n[common]\nlocals = []\ndomains = []\n"
    with pytest.raises(BadIdentityWords, match=r"evidence: cpr is missing"):
        identity_words_from(text)
    with pytest.raises(BadIdentityWords, match="probable"):
        identity_words_from(text.replace("probable = 4", "probable = 1"))


def test_headers_alone_hold_nobody():
    assert like(Clues(), address="x@y.dk") == () and Headers().from_fields == 0
