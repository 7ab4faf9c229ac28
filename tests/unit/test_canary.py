"""A canary is known by its token: of this guard, for this mailbox, and not much older than the mail that carries it."""

import email
import email.policy
from datetime import UTC, datetime, timedelta

import pytest

from workflows.canary import BELIEVED, FIELD, PATIENCE, compose, hour_of, is_missing, sent_at, token
from workflows.sighting import mark_of

KEY, BOX = b"k" * 32, "m-bf"
AT = datetime(2026, 11, 23, 9, 5, 7, tzinfo=UTC)
TOKEN = token(KEY, BOX, AT)


def test_what_was_sent_is_known_when_it_comes():
    mail = compose("bf-kontakt@eksempel.dk", "rammevagt@eksempel.dk", TOKEN, AT)
    received = b"Received: from mx\r\n\tby store; Mon\r\n" + mail
    assert sent_at(mark_of(received).canary, KEY, BOX, AT + timedelta(minutes=1)) == AT
    read = email.message_from_bytes(mail, policy=email.policy.default)
    assert read[FIELD] == TOKEN and read["Auto-Submitted"] == "auto-generated" and "Prøvemail" in read["Subject"]
    assert "papirkurven" in read.get_content() and "in the bin" in read.get_content()


@pytest.mark.parametrize(
    ("text", "key", "box", "came"),
    [
        (None, KEY, BOX, AT),
        ("", KEY, BOX, AT),
        (TOKEN[:-1], KEY, BOX, AT),
        (TOKEN, b"x" * 32, BOX, AT),
        (TOKEN, KEY, "m-tek", AT),
        (TOKEN, KEY, BOX, AT + BELIEVED + timedelta(seconds=1)),
        ("9" + TOKEN, KEY, BOX, AT),
        ("²." + TOKEN, KEY, BOX, AT),
        ("9" * 30 + ".0", KEY, BOX, AT),
    ],
)
def test_what_is_none_of_ours_is_a_mail_like_any_other(text, key, box, came):
    assert sent_at(text, key, box, came) is None


def test_a_token_in_the_text_of_a_mail_says_nothing():
    assert mark_of(b"From: a@example.net\r\n\r\n" + f"{FIELD}: {TOKEN}\r\n".encode()).canary is None


def test_there_is_one_an_hour_and_it_is_waited_for():
    assert hour_of(AT) == datetime(2026, 11, 23, 9, tzinfo=UTC) and hour_of(AT) != hour_of(AT + timedelta(hours=1))
    assert not is_missing(None, AT) and not is_missing(AT, AT + PATIENCE)
    assert is_missing(AT, AT + PATIENCE + timedelta(seconds=1))
