"""Prints one letter as PDF in a process of its own (``python -m services.letter_printer``), bounded in time and memory.

Reads JSON from its standard input (the template's file and the letter), and writes the PDF. Where that fails it writes why and
ends with 3. The fonts are those of the library, so a letter looks the same on every machine; nothing is fetched.
"""

import json
import re
import resource
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import typst

MEMORY = 2 << 30  # bytes of address space; a letter takes a tenth of it
CPU = 20  # seconds
FAILED = 3
_UNSHOWN = re.compile(r'the text `"(.*?)"` could not be displayed', re.DOTALL)
_PLACE = re.compile(r"┌─ \S+?:(\d+):")
STANDARD: Literal["ua-1"] = "ua-1"  # PDF/UA-1 (ISO 14289-1): tagged, with title and language


def main() -> None:
    """Print the letter that is asked for."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU, CPU))
    asked = json.load(sys.stdin)
    try:
        pdf = pdf_of(Path(asked["template"]), asked["letter"])
    except typst.TypstError as error:
        sys.stderr.write(json.dumps(refusal(error)))
        sys.exit(FAILED)
    sys.stdout.buffer.write(pdf)


def refusal(error: typst.TypstError) -> dict[str, Any]:
    """Why it could not be printed: what Typst says first, on which line of the template, and every character without a glyph."""
    place = _PLACE.search(error.diagnostic)
    unshown = tuple(dict.fromkeys(_UNSHOWN.findall(error.diagnostic)))
    return {"said": error.message, "line": int(place[1]) if place else None, "unshown": unshown}


def pdf_of(template: Path, letter: dict[str, Any]) -> bytes:
    """The letter as PDF; the same letter gives the same bytes, so its day is the only time in it."""
    return typst.compile(
        str(template),
        root=str(template.parent),
        font_paths=typst.Fonts(include_system_fonts=False),
        sys_inputs={"letter": json.dumps(letter)},
        timestamp=int(datetime.fromisoformat(letter["on"]).replace(tzinfo=UTC).timestamp()),
        format="pdf",
        pdf_standards=[STANDARD],
    )


if __name__ == "__main__":
    main()
