"""A mail's way and its explanation, in words for people."""

from types import SimpleNamespace

import pytest
from fakes.town import NOW

from services.clock import new_id
from services.console.mail_story import way_of
from services.console.words import without_ids, words

AT = NOW.isoformat()


@pytest.mark.parametrize(
    ("kind", "attempts", "told"),
    [
        ("notice", 0, "Besked til karen@eksempel.dk: sendes i arbejdstiden"),
        ("mail", 0, "Mailen til karen@eksempel.dk: venter"),
        ("notice", 1, "Besked til karen@eksempel.dk: venter og prøves igen"),
    ],
)
def test_what_was_never_tried_has_not_failed(kind: str, attempts: int, told: str) -> None:
    copy = {"kind": kind, "address": "karen@eksempel.dk", "state": "waiting", "attempts": attempts, "error": None}
    mail = SimpleNamespace(received_at=NOW, way=[copy | {"queued_at": AT, "finished_at": None}])
    assert [one.title for one in way_of(mail, words("da"))][2:] == [told]  # type: ignore[arg-type]


GIVEN = "01m83t4cm0n4z2p05arnrc6tgp"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (f"Efter ramme {GIVEN} går mailen til a@b.dk.", "Efter rammen går mailen til a@b.dk."),
        (f"Ramme {GIVEN} gælder for sag s-1.", "Rammen gælder for sag s-1."),
        (f"Framework {GIVEN} covers case s-1.", "The framework covers case s-1."),
        ("Efter ramme f-1 går mailen til a@b.dk.", "Efter ramme f-1 går mailen til a@b.dk."),
    ],
)
def test_an_id_that_the_guard_gave_is_shown_to_nobody(said: str, shown: str) -> None:
    assert len(new_id(NOW)) == len(GIVEN) and without_ids(said) == shown
