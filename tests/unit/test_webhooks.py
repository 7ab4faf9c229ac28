"""Which events a webhook gets, how they are signed, and what an answer means."""

import base64
import hashlib
import hmac
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook as Standard
from standardwebhooks import WebhookVerificationError

from workflows.event_data import EVENTS
from workflows.webhooks import Answer, concerns, headers_of, kinds_of, meaning_of, names_unit, secrets_in

SECRET = base64.b64encode(b"s" * 32).decode()
OTHER = base64.b64encode(b"o" * 24).decode()
BODY = b'{"id":"m1.received"}'


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, Answer.TAKEN),
        (202, Answer.TAKEN),
        (204, Answer.TAKEN),
        (301, Answer.AWAY),
        (400, Answer.REFUSED),
        (401, Answer.AWAY),
        (404, Answer.AWAY),
        (408, Answer.AWAY),
        (410, Answer.GONE),
        (422, Answer.REFUSED),
        (429, Answer.AWAY),
        (500, Answer.REFUSED),
        (502, Answer.AWAY),
        (503, Answer.AWAY),
        (100, Answer.AWAY),
    ],
)
def test_what_an_answer_means(status, answer):
    assert meaning_of(status) is answer


def test_a_signature_is_that_of_the_standards_own_library():
    now = datetime.now(UTC)
    headers = headers_of("m1.received", BODY, now, secrets_in(f"whsec_{SECRET}\n"))
    assert Standard(SECRET).verify(BODY.decode(), headers) == {"id": "m1.received"}
    assert headers["webhook-signature"] == Standard(SECRET).sign("m1.received", now, BODY.decode())
    for spoilt in ({"webhook-id": "m2"}, {"webhook-timestamp": str(int(now.timestamp()) - 1)}):
        with pytest.raises(WebhookVerificationError):
            Standard(SECRET).verify(BODY.decode(), headers | spoilt)
    with pytest.raises(WebhookVerificationError):
        Standard(SECRET).verify(BODY.decode() + " ", headers)


def test_a_signature_by_hand():
    at = datetime(2026, 11, 23, 9, tzinfo=UTC)
    digest = hmac.new(b"s" * 32, b"m1." + str(int(at.timestamp())).encode() + b"." + BODY, hashlib.sha256).digest()
    expected = "v1," + base64.b64encode(digest).decode()
    assert headers_of("m1", BODY, at, (b"s" * 32,))["webhook-signature"] == expected


def test_while_a_secret_is_changed_the_old_and_the_new_one_are_both_good():
    headers = headers_of("m1", BODY, datetime.now(UTC), secrets_in(f"whsec_{SECRET}\n\n whsec_{OTHER} \n"))
    for secret in (SECRET, OTHER):
        Standard(secret).verify(BODY.decode(), headers)


@pytest.mark.parametrize(
    "secret", ["", "hemmelig", "whsec_", "whsec_hemmelig!", f"whsec_{base64.b64encode(b'hemmelig' * 2).decode()}"]
)
def test_what_is_no_secret_is_told_without_a_word_of_it(secret):
    with pytest.raises(ValueError, match="holds") as told:
        secrets_in(f"whsec_{SECRET}\n{secret}\n" if secret else "\n")
    assert "hemmelig" not in str(told.value) and base64.b64encode(b"hemmelig").decode()[:8] not in str(told.value)


def test_kinds_are_named_alone_by_area_or_all():
    assert kinds_of("mail.decided") == ("mail.decided",)
    assert kinds_of("*") == tuple(EVENTS)
    assert "framework.activated" in kinds_of("framework.*") and all(one.startswith("framework.") for one in kinds_of("framework.*"))
    assert [kinds_of(one) for one in ("mail", "mail.", "mail*", "m*", "nothing.*", "**", "")] == [()] * 7


def test_a_unit_gets_what_is_about_it_and_what_holds_for_all():
    assert concerns({"unit": "u-1"}, "u-1") and concerns({"units": ["u-2", "u-1"]}, "u-1") and concerns({"units": []}, "u-1")
    assert not concerns({"unit": "u-2"}, "u-1") and not concerns({"units": ["u-2"]}, "u-1") and not concerns({}, "u-1")
    assert concerns({}, None) and concerns({"unit": "u-2"}, None)
    assert names_unit("framework.activated") and names_unit("mail.stuck") and not names_unit("mail.received")
