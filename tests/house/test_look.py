"""The console's look: one small style sheet, nothing inline, nothing from elsewhere."""

import re
from pathlib import Path

import pytest

CONSOLE = Path(__file__).parents[2] / "services/console"
PARTS = sorted([*(CONSOLE / "templates").rglob("*.html"), *(CONSOLE / "static").glob("*.svg"), CONSOLE / "static/console.css"])


def test_the_style_sheet_stays_small():
    assert len((CONSOLE / "static/console.css").read_bytes()) < 22_000


@pytest.mark.parametrize("file", PARTS, ids=lambda file: file.name)
def test_nothing_is_inline_and_nothing_comes_from_elsewhere(file):
    """The browser would refuse it, and a visitor would see a page that is broken."""
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
    assert re.findall(r"""\sstyle=|<style|\son\w+=|javascript:|https?://|url\(["']?/|hx-on|\|\s*safe\b""", text) == []


def test_a_colour_is_told_as_a_property_alone():
    """A colour that is written where it is used has no dark form."""
    rules = re.sub(r"/\*.*?\*/", "", (CONSOLE / "static/console.css").read_text("utf-8"))
    told = [line for line in rules.splitlines() if re.search(r"#[0-9a-f]{3,6}\b|rgb\(", line)]
    assert all(line.lstrip().startswith("--") or line.lstrip().startswith(":root { --") for line in told), told
