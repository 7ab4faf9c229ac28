"""Pictures as text: what they show is in them, at the right place, and nothing that comes from outside is markup."""

import re
from datetime import date
from xml.etree import ElementTree

from services.console.charts import Column, Mark, Stretch, columns, timeline

SPACE = "{http://www.w3.org/2000/svg}"


def parsed(svg):
    return ElementTree.fromstring(str(svg).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def places(svg, name):
    return [(float(one.get("x")[:-1]), float(one.get("width", "0%")[:-1])) for one in parsed(svg).iter(SPACE + name)]


YEAR = [
    Stretch("Høring", date(2026, 1, 1), date(2026, 1, 10), "stripe"),
    Stretch("I kraft", date(2026, 1, 11), date(2026, 4, 10), "solid"),
]
MARKS = [Mark("I dag 1. marts", date(2026, 3, 1), today=True), Mark("Ses på igen", date(2026, 4, 1))]


def test_a_stretch_lies_where_its_days_are():
    """100 days from 1 January: a day is one per cent, and the last day counts."""
    bars = places(timeline("t", "Rammen", "Fra høring til udløb.", YEAR, []), "rect")
    assert bars == [(0.0, 10.0), (0.0, 10.0), (10.0, 90.0)]  # the striped one is filled and framed


def test_marks_stand_on_their_day_each_on_a_line_of_its_own():
    found = parsed(timeline("t", "Rammen", "…", YEAR, MARKS))
    lines = [(one.get("class"), one.get("x1")) for one in found.iter(SPACE + "line") if one.get("x1").endswith("%")]
    assert lines == [("today", "59.00%"), ("mark", "90.00%")]
    words = {one.text: (one.get("y"), one.get("text-anchor")) for one in found.iter(SPACE + "text")}
    assert words["I dag 1. marts"] == ("14", "end") and words["Ses på igen"] == ("34", "end")
    assert words["Høring"][1] == "start"


def test_a_framework_of_one_day_is_a_bar_too():
    (bar,) = places(timeline("t", "t", "d", [Stretch("x", date(2026, 1, 1), date(2026, 1, 1), "ghost")], []), "rect")
    assert bar == (0.0, 100.0)


def test_a_day_in_a_long_year_can_be_seen():
    short = Stretch("Høring", date(2026, 6, 1), date(2026, 6, 1), "solid")
    svg = timeline("t", "t", "d", [short, Stretch("x", date(2026, 1, 1), date(2026, 12, 31), "ghost")], [])
    assert places(svg, "rect")[0][1] == 0.8


def test_columns_are_as_high_as_their_numbers():
    svg = columns(
        "c", "Mails", "Antal om ugen.", [Column("46", 5, "uge 46: 5"), Column("47", 10, "uge 47: 10"), Column("48", 0, "")]
    )
    bars = [(int(one.get("y")), int(one.get("height"))) for one in parsed(svg).iter(SPACE + "rect")]
    assert [height for _, height in bars] == [75, 150, 0] and len({y + height for y, height in bars}) == 1
    assert [one.text for one in parsed(svg).iter(SPACE + "text")] == ["5", "46", "10", "47", "0", "48"]


def test_many_columns_have_few_labels_and_all_their_numbers():
    svg = columns("c", "t", "d", [Column(f"u{week}", week, "") for week in range(52)])
    words = [one.text for one in parsed(svg).iter(SPACE + "text")]
    assert [one for one in words if one.startswith("u")] == [f"u{week}" for week in range(0, 52, 4)]
    assert [one for one in words if not one.startswith("u")] == [str(week) for week in range(52)]


def test_nothing_that_is_told_is_markup():
    evil = '"><script>alert(1)</script>'
    day = date(2026, 1, 1)
    for svg in (
        timeline(evil, evil, evil, [Stretch(evil, day, day, "dots")], [Mark(evil, day)]),
        columns(evil, evil, evil, [Column(evil, 1, evil)]),
    ):
        assert "<script" not in str(svg) and parsed(svg).find(SPACE + "title").text == evil


def test_a_picture_is_told_to_those_who_hear_it_and_has_no_style_of_its_own():
    svg = str(timeline("t", "Rammen", "Fra høring.", YEAR, MARKS))
    assert 'role="img"' in svg and 'aria-labelledby="t-title t-desc"' in svg
    assert not re.search(r"style=|fill=\"#|onload", svg)


def test_nothing_to_show_is_no_picture():
    assert timeline("t", "t", "d", [], []) == "" and columns("c", "t", "d", []) == ""
