"""Letters as files: PDF (tagged, PDF/UA-1) and plain text, from a letter that lacks nothing.

Printing is done by a process of its own, so that neither a long letter nor a municipality's own template holds up anything else.
"""

import asyncio
import hashlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from services.letter_printer import FAILED
from services.letter_texts import INSTALLED, template
from services.settings import ZONE, Settings
from workflows.addresses import normalise
from workflows.decision import Sentence
from workflows.dossier import Dossier
from workflows.framework import ContactFramework, State
from workflows.letters import Hours, Letter, Letterhead, Matter, Texts, Unfinished, as_text, blocks, compose, finished
from workflows.people import Citizen

SECONDS = 20.0
AT_ONCE = 2  # letters that are printed
LONGEST = 200_000  # characters: some eighty pages
_LONG_WORD = re.compile(r"\S{60}(?=\S)")
_FROM_NETWORK = re.compile(r'"@[a-z]+/')  # a Typst package such as "@preview/…"
_PRESSES: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()
_MAY_BREAK = "\u200b"  # a place where a line may end, which is not seen


@dataclass(frozen=True, slots=True)
class Printed:
    """A letter as it is sent: the file, its SHA-256, and the same as text."""

    pdf: bytes
    sha256: str
    text: str


class PrinterFailed(Exception):
    """The letter could not be printed, and it is not the letter's fault. ``line`` is of the template, where that is known."""

    def __init__(self, said: str, line: int | None = None) -> None:
        super().__init__(said)
        self.line = line


def letterhead(settings: Settings) -> Letterhead:
    """The municipality as its settings name it."""
    own = settings.letters
    return Letterhead(
        name=settings.municipality.name,
        address=own.address,
        phone=own.phone,
        phone_hours=tuple([Hours(one.days, one.from_, one.to) for one in own.phone_hours]),
        urgent_phone=own.urgent_phone,
        dpo=own.dpo,
        citizen_adviser=own.citizen_adviser,
        kept_days=settings.retention.frameworks,
        answer_days={normalise(one.address): one.answer_within_days for one in settings.mailboxes},
        zone=ZONE,
        calendar=settings.calendar(),
    )


async def print_letter(letter: Letter, folder: str = "", *, draft: bool = False) -> Printed:
    """The letter as files. ``folder`` is ``letters.folder``; a draft may lack things, and says that it is one.

    Raises ``Unfinished`` with what to do about the letter, and ``PrinterFailed``.
    """
    if not draft:
        finished(letter)
    text = as_text(letter)
    if len(text) > LONGEST:
        raise Unfinished((_TOO_LONG,))
    pdf = await _print({"template": str(template(folder).resolve()), "letter": _for_template(letter, draft)})
    return Printed(pdf, hashlib.sha256(pdf).hexdigest(), text)


def template_faults(folder: str, texts: Texts) -> Iterator[str]:
    """What is wrong with a municipality's own template: it is tried with a short letter."""
    file = template(folder)
    if file.parent == INSTALLED:
        return
    if _FROM_NETWORK.search(file.read_text("utf-8", "replace")):
        yield f"{file}: takes a package from the network; copy what it needs into the folder"
        return
    try:
        asyncio.run(print_letter(_sample(texts), folder, draft=True))
    except PrinterFailed as error:
        yield f"{file}{f':{error.line}' if error.line else ''}: {' '.join(str(error).split())}"
    except Unfinished as error:
        yield f"{file}: {error}"


def _sample(texts: Texts) -> Letter:
    """A letter of the standard words alone, to try a template with."""
    framework = ContactFramework(id="sample", citizen="sample", state=State.DRAFT)
    citizen, today = Citizen(id="sample", name="Bo Borger"), date(2026, 11, 2)
    matter = Matter(Dossier(framework=framework), citizen, Letterhead("Eksempel Kommune"), today, "lene@eksempel.dk")
    return compose("decision", matter, texts["da"])


async def _print(asked: dict[str, Any]) -> bytes:
    """Two at a time: each may take gigabytes, beside a guard that takes mail in."""
    async with _PRESSES.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE)):
        return await _printed(asked)


async def _printed(asked: dict[str, Any]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "services.letter_printer",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[1],
        env={},  # none of the guard's settings or secrets
    )
    try:
        async with asyncio.timeout(SECONDS):
            pdf, said = await process.communicate(json.dumps(asked).encode())
    except TimeoutError as error:
        raise PrinterFailed("took too long") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode == FAILED:
        raise _refusal(json.loads(said))
    if process.returncode:
        raise PrinterFailed(f"ended with {process.returncode}")
    return pdf


def _refusal(why: dict[str, Any]) -> Exception:
    """Characters without a glyph are for the author to mend; all else is the template's or ours."""
    if not why["unshown"]:
        return PrinterFailed(why["said"], why["line"])
    return Unfinished(tuple([_without_glyph(one) for one in why["unshown"]]))


def _without_glyph(one: str) -> Sentence:
    return Sentence(
        f"Tegnet “{one}” kan ikke trykkes i brevet. Skriv det med almindelige bogstaver.",
        f"The character “{one}” can't be printed in the letter. Write it in ordinary letters.",
    )


_TOO_LONG = Sentence("Brevet er alt for langt. Kort det ned.", "The letter is far too long. Shorten it.")


def _for_template(letter: Letter, draft: bool) -> dict[str, Any]:
    """What the template is given: text only, in the letter's own order; parts that say nothing are left out."""
    sections = [
        {"heading": one.heading, "blocks": [{"kind": block.kind, "lines": _breakable(block.lines)} for block in blocks(one.text)]}
        for one in letter.sections
        if one.text
    ]
    return {
        "language": letter.language,
        "draft": draft,
        "title": letter.title,
        "on": letter.on.isoformat(),
        "written_on": letter.written_on,
        "sender": _breakable(letter.sender),
        "recipient": _breakable(letter.recipient),
        "sections": sections,
    }


def _breakable(lines: tuple[str, ...]) -> list[str]:
    """A word that is longer than a line goes on in the next, rather than over the edge of the paper."""
    return [_LONG_WORD.sub(lambda found: found.group() + _MAY_BREAK, one) for one in lines]
