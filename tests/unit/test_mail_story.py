"""A mail's way in words: what waits for working hours has not failed."""

from types import SimpleNamespace

import pytest
from fakes.town import NOW

from services.console.mail_story import way_of
from services.console.words import words

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
