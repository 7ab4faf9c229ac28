"""Broken mails by the thousand, read, decided and assessed: nothing raises, nothing is slow, and the decision is one."""

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fakes.mutations import MUTATIONS, mutated
from fakes.town import BO, KAREN, NOW, PER, facts, framework, town

from services.demo.samples import sample_mails
from services.signal_words import load
from workflows.assess import assess
from workflows.decide import decide
from workflows.mail import Envelope, Mail
from workflows.mends import mend
from workflows.reading import Unreadable, read_headers, read_mail

CORPUS = Path(__file__).parents[2] / "../shared/corpora/mail"
FILES = sorted(path for path in CORPUS.rglob("*") if path.is_file()) if CORPUS.is_dir() else []
TOWN = town(framework())
CODES = {code.value for code in Unreadable}
LARGEST = 200_000  # bytes of a mail that is mutated
OURS = {one.name: one.content for one in sample_mails(NOW) if len(one.content) < LARGEST}
CALLS, CALLS_A_BYTE = 60_000, 3  # of functions: what reading and assessing one mail may take


def steps(work: Callable[[], object]) -> int:
    """How many functions ``work`` calls, Python's own among them: the same on every machine."""
    count = 0

    def called(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def decided(content: bytes) -> object:
    mail = Mail("0" * 64, Envelope(BO, (KAREN, PER)), read_headers(content))
    return decide(mail, facts(TOWN, mail), NOW)


def check(content: bytes) -> None:
    decision = decided(content)
    assert decision == decided(content)
    assert [bool(one.deliver_to) for one in decision.recipients] == [True, True]
    reading = read_mail(content)
    assert set(reading.unreadable) <= CODES
    assess(reading, load())
    assert mend(mend(content)) == mend(content)


@pytest.mark.parametrize("name", OURS)
def test_our_own_samples_broken(name: str) -> None:
    for number in range(5):
        check(mutated(OURS[name], f"{name} {number}"))


def test_every_mail_of_the_corpora_broken() -> None:
    if not FILES:
        pytest.skip("needs ../shared/corpora/mail")
    for file in FILES:
        content = file.read_bytes()
        for number in range(2 if len(content) < LARGEST else 0):
            check(mutated(content, f"{file.name} {number}"))


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_the_work_is_bounded_by_the_bytes(mutation: Callable[..., bytes]) -> None:
    load()
    for name, content in [*OURS.items(), *((file.name, file.read_bytes()) for file in FILES[::7])]:
        if 0 < len(content) < LARGEST:
            broken = mutated(mutation(content, random.Random(name)), name)
            taken = steps(lambda broken=broken: assess(read_mail(broken), load()))
            assert taken < CALLS + CALLS_A_BYTE * len(broken), name
