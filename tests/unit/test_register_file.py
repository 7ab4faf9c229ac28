"""The register file: YAML with lines, every fault at once, and a round trip."""

import pytest
import yaml
from fakes.registers import DOMAINS, SAMPLE, sample, town_of, yaml_of
from hypothesis import given
from hypothesis import strategies as st

from services.bad_input import BadInput
from services.register_file import notes_on, parse_register, read_register, write_register
from services.yaml_lines import read_yaml
from services.yaml_text import dump
from workflows.register import Register


def parse(text):
    return parse_register("r.yaml", text if isinstance(text, bytes) else text.encode(), DOMAINS)


def lines(text):
    with pytest.raises(BadInput) as found:
        parse(text)
    return list(found.value.lines)


CITIZEN = "citizens:\n- id: c-1\n  name: Bo\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # YAML itself
        ("units: [", "r.yaml:1: this is not YAML: "),
        ("a:\n\t- b", "r.yaml:2: this is not YAML: "),
        ("units: !!python/object:os.system x", "r.yaml:1: tags (tag:yaml.org,2002:python/object:os.system) have no meaning here"),
        ("citizens: &a []\ncases: *a", "r.yaml:2: *a stands for something elsewhere; write it out here"),
        ("units: []\n---\nunits: []", "r.yaml:2: a second document begins here"),
        ("? [a]\n: b", "r.yaml:1: a key must be a plain word"),
        ("units: " + "[" * 40 + "]" * 40, "r.yaml:1: this is nested more than 32 deep"),
        (b"units: []\nname: \xff", "r.yaml:2: this is not UTF-8"),
        ("a: \x01", "r.yaml: this is not YAML: "),
        # shapes
        ("- units", "r.yaml:1: write a register: the sections units, employees,"),
        ("just text", "r.yaml: write a register: the sections units, employees,"),
        ("units: {a: b}", "r.yaml:1: units: write a list: each entry on its own line after a dash"),
        ("citizen: []", 'r.yaml:1: citizen: is not known here; did you mean "citizens"?'),
        ("citizens:\n- just text", "r.yaml:2: citizens[0]: write fields with values here (key: value)"),
        (CITIZEN + "  nme: x", 'r.yaml:4: citizens[0] c-1.nme: is not known here; did you mean "name"?'),
        ("citizens:\n- name: Bo", "r.yaml:2: citizens[0].id: is missing"),
        (CITIZEN + "  name: Ib", "r.yaml:4: citizens[0] c-1.name: is written twice; keep one"),
        (CITIZEN + "citizens: []", "r.yaml:4: citizens: is written twice; keep one"),
        (CITIZEN + "  addresses: [bo]", "r.yaml:4: citizens[0] c-1.addresses[0]: write an address, such as karen@eksempel.dk"),
        (CITIZEN + "  addresses: bo@example.net", "r.yaml:4: citizens[0] c-1.addresses: write a list, such as [one, two]"),
        (CITIZEN + "  role: boss", 'r.yaml:4: citizens[0] c-1.role: "boss" is none of party, non_party'),
        ("citizens:\n- {id: a b, name: x}", "r.yaml:2: citizens[0] a b.id: write an id: 1 to 64 of the letters"),
        ("authorities: [{a: b}]", "r.yaml:1: authorities[0]: write a domain or an address"),
        ("frameworks:\n- {id: f, citizen: c, state: activ}", 'r.yaml:2: frameworks[0] f.state: "activ" is none of reported, draft'),
        (
            CITIZEN + "frameworks:\n- id: f\n  citizen: c-1\n  state: draft\n  starts: 2-11-2026\n",
            "r.yaml:8: frameworks[0] f.starts: write a date that exists as YYYY-MM-DD, such as 2027-03-01",
        ),
        (
            CITIZEN + "frameworks:\n- id: f\n  citizen: c-1\n  state: draft\n  measures:\n  - kind: fixed\n",
            'r.yaml:9: frameworks[0] f.measures[0]: "fixed" is none of functional_mailbox, fixed_contact',
        ),
        (
            CITIZEN
            + "frameworks:\n- id: f\n  citizen: c-1\n  state: draft\n  measures:\n  - {kind: functional_mailbox, mailbx: x}\n",
            'r.yaml:9: frameworks[0] f.measures[0].mailbx: is not known here; did you mean "mailbox"?',
        ),
        (
            CITIZEN + "frameworks:\n- id: f\n  citizen: c-1\n  state: draft\n  measures:\n"
            "  - kind: contact_window\n    days: [tus]\n    from: 9:00\n    to: 10:00\n",
            'r.yaml:10: frameworks[0] f.measures[0].days[0]: "tus" is none of mon, tue',
        ),
    ],
)
def test_a_fault_names_file_line_place_and_mend(text, expected):
    found = lines(text)
    assert found[0].startswith(expected), found


def test_every_fault_is_named_at_once_in_the_order_of_the_file():
    data = sample(reason=None, ends="2027-12-01")
    data["citizens"][1]["id"] = "c 2"
    data["units"][0]["leader"] = "lene"
    places = [line.split(": ")[1] for line in lines(yaml_of(data))]
    assert places == [
        "units[0] boern-familie.leader",
        "citizens[1] c 2.id",
        "cases[1] s-2.citizen",
        "frameworks[0] f-1.reason",
        "frameworks[0] f-1.ends",
        "frameworks[0] f-1.decided_by",
    ]


def test_values_mean_what_is_written():
    text = """
        employees:
        - {address: Karen@eksempel.dk, name: No, unit: "007", risk_group: 2, training_valid_until: 2027-03-01}
        units: [{id: 007, name: 1e3, leader: lene@eksempel.dk, head: ~}]
        citizens: [{id: c-1, name: "null", addresses: }]
        cases: [{id: 77, citizen: c-1, unit: 007, caseworker: karen@eksempel.dk, open: no}]
        frameworks:
        - id: f
          citizen: c-1
          state: draft
          observe: yes
          measures:
          - {kind: contact_window, days: [mon], from: 10:00, to: 12:30}
          - {kind: limited_calls, number: 87200000, days: [mon], from: 08:00, to: "16:00"}
    """
    register = parse(text)
    assert (register.units[0].id, register.units[0].name, register.units[0].head) == ("007", "1e3", None)
    assert (register.employees[0].name, register.employees[0].risk_group) == ("No", 2)
    assert (register.citizens[0].name, register.citizens[0].addresses) == ("null", ())
    assert (register.cases[0].id, register.cases[0].open) == ("77", False)
    window, calls = register.frameworks[0].measures
    assert (window.from_, window.to, calls.number, register.frameworks[0].observe) == ("10:00", "12:30", "87200000", True)


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "{}", "units:\n", "\ufeffunits: []\n"])
def test_an_empty_file_is_an_empty_register(text):
    assert parse(text) == Register()


def test_a_written_register_reads_back_the_same_and_is_written_the_same():
    register = parse(yaml_of(SAMPLE))
    text = write_register(register)
    assert parse(text) == register
    assert write_register(parse(text)) == text
    assert yaml.safe_load(text)["citizens"][0]["addresses"][0] == "bo@example.net"
    assert write_register(Register()) == "{}\n"


texts = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "No",
        "1",
        "a: b",
        "x\ny",
        "x\n\ny",
        "x\n  y",
        "- a",
        "# a",
        "a #b",
        "x\n",
        "10:00",
        "2026-01-01",
        "<<",
        "~",
        "null",
        "\u2028",
        "\x85",
    ]
)


@given(
    st.dictionaries(
        texts,
        texts
        | st.lists(texts | st.dictionaries(texts, texts | st.lists(texts, min_size=1), min_size=1), min_size=1)
        | st.dictionaries(texts, texts, min_size=1),
    )
)
def test_any_values_are_written_so_that_every_reader_reads_the_same(value):
    text = dump(value)
    read = read_yaml("r", text.encode())
    assert yaml.load(text, yaml.CBaseLoader) == value
    assert without_nothing(value) == without_nothing(read)


def without_nothing(value):
    return value if value else {}


names = st.text(st.characters(exclude_categories=["Cs", "Nd"]), min_size=1)  # ten digits of a name may be a CPR number


@given(reason=texts, name=names, day=st.dates())
def test_any_register_makes_the_round_trip(reason, name, day):
    data = sample(state="draft", reason=reason, starts=str(day), ends=None, review=None, citizen_informed=None)
    data["citizens"][0]["name"] = name
    register = Register.model_validate(data)
    assert parse(write_register(register)) == register


WORDS = [*":-[]{}&*!|>?'#~1\n\t", '"', "citizens", "units", "id", "name", "c-1", "---"]


@given(st.text() | st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_no_text_makes_a_traceback(text):
    try:
        parse(text.encode("utf-8", "surrogatepass"))
    except BadInput as error:
        assert error.lines
        assert all(line.startswith("r.yaml:") and "\n" not in line for line in error.lines)


@given(st.binary())
def test_no_bytes_make_a_traceback(content):
    try:
        parse(content)
    except BadInput as error:
        assert error.lines


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match=r"no\.yaml: can't be read: No such file or directory"):
        read_register(tmp_path / "no.yaml", DOMAINS)


def test_one_broken_line_among_many_is_named():
    text = town_of(300).replace(b"{id: c-123,", b"{id: c-123, nmae: x,")
    assert lines(text) == ['r.yaml:127: citizens[123] c-123.nmae: is not known here; did you mean "name"?']


MANY = "r.yaml: has more than 2000 faults, of which these are some; mend them, and you are told of the rest"
UNITS = "units:\n- {id: u, name: U, leader: lene@eksempel.dk}\n"


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("units:\n" + "- x\n" * 3000, "r.yaml:2: units[0]: write fields with values here (key: value)"),
        ("authorities:\n" + "- [x]\n" * 3000, "r.yaml:2: authorities[0]: write a domain or an address, such as ombudsmanden.dk"),
        ("".join(f"unit{n}: 1\n" for n in range(3000)), 'r.yaml:1: unit0: is not known here; did you mean "units"?'),
        (
            "units:\n- {id: u, name: n" + ", name: n" * 3000 + ", leader: l@eksempel.dk}\n",
            "r.yaml:2: units[0] u.name: is written twice",
        ),
        (
            UNITS + "employees:\n" + "".join(f"- {{address: a{n}@eksempel.dk, name: n, unit: uu}}\n" for n in range(3000)),
            'r.yaml:4: employees[0] a0@eksempel.dk.unit: "uu" is not among the units',
        ),
    ],
    ids=["entries", "authorities", "sections", "repeated", "references"],
)
def test_of_very_many_faults_some_are_told(text, first):
    told = lines(text.encode())
    assert told[0] == MANY and told[1].startswith(first) and len(told) == 2001


def test_what_was_not_read_any_more_is_not_told_as_missing():
    rows = "".join(f"- {{id: u{n}, name: U}}\n" for n in range(2500))
    told = lines(f"units:\n{rows}employees:\n- {{address: a@eksempel.dk, name: A, unit: u2400}}\n".encode())
    assert told[0] == MANY and all("is missing" in one for one in told[1:])


def test_two_thousand_faults_are_all_told():
    assert len(lines(b"units:\n" + b"- x\n" * 2000)) == 2000


def test_the_nearest_of_many_names_is_found():
    text = town_of(1000).replace(b"citizen: c-555,", b"citizen: c-555x,", 1)
    assert lines(text)[0].endswith('"c-555x" is not among the citizens; did you mean "c-555"?')


def test_reading_tells_how_far_it_is():
    seen = []
    parse_register("r.yaml", town_of(500), DOMAINS, seen.append)
    assert seen[0] == 0
    assert seen == sorted(seen)
    assert len(seen) > 3


def test_notes():
    data = sample()
    data["employees"] = []
    assert notes_on("r.yaml", yaml_of(data), DOMAINS)[0].startswith("r.yaml:")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("cpr: 010190-123", "r.yaml:4: citizens[0] c-1.cpr: write a CPR number in quotes, with a date that exists, as DDMMYY-NNNN"),
        (
            "cpr: 991399-1234",
            "r.yaml:4: citizens[0] c-1.cpr: write a CPR number in quotes, with a date that exists, as DDMMYY-NNNN",
        ),
        (
            "cpr: [0101901234]",
            "r.yaml:4: citizens[0] c-1.cpr: write a CPR number in quotes, with a date that exists, as DDMMYY-NNNN",
        ),
        ("cpr_hash: 0101901234", "r.yaml:4: citizens[0] c-1.cpr_hash: is only ever written by rammevagt export; write cpr instead"),
        (
            "phones: [ring]",
            'r.yaml:4: citizens[0] c-1.phones[0]: write a telephone number in quotes, such as "12 34 56 78" or "+45 12345678"',
        ),
    ],
)
def test_a_number_that_is_none_is_told_without_it(field, expected):
    [line] = lines(f"{CITIZEN}  {field}\n")
    assert line == expected and not any(part in line for part in ("010190", "0101", "991399", "ring]"))


def test_numbers_of_a_citizen_are_read_however_they_are_written():
    text = f'{CITIZEN}  phones: ["12 34 56 78", "+4512345678"]\n'
    for written in ("010190-1234", '"0101701234"', '"010190-1234"', "'610190 1234'"):
        [one] = parse(f"{text}  cpr: {written}\n").citizens
        assert one.cpr in ("0101901234", "0101701234", "6101901234") and "1234" not in repr(one).replace("12 34", "").replace(
            "12345678", ""
        )
    [line] = lines(f'{text}  cpr: "0101901234"\n- {{id: c-2, name: Per, cpr: 010190-1234}}\n')
    assert line.endswith("is the number of citizens[0] too; list a person once") and "0101" not in line
