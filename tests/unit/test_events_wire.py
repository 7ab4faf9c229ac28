"""The wire events: deterministic, documented, and without room for anything but ids and codes."""

import importlib.util
import json
from datetime import UTC, datetime
from enum import Enum
from typing import Literal, get_args, get_origin

import pytest
from fakes.town import KAREN, NOW, POLICY, framework, mail, town
from pydantic import BaseModel, ValidationError

from services.events import asyncapi
from services.gather import facts_from_register
from workflows.decide import decide
from workflows.event_data import EVENTS, CloudEvent
from workflows.events import Event, identity_suggested, mail_decided, mail_received, mailbox_unreachable, parse_event, signal_raised

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def _leaves(kind, metadata=()):
    """Every type that a value in the model can have, with its constraints."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        for field in kind.model_fields.values():
            yield from _leaves(field.annotation, field.metadata)
    elif get_origin(kind) is Literal or (isinstance(kind, type) and issubclass(kind, Enum)):
        yield kind, ()
    elif hasattr(kind, "__metadata__"):
        for one in kind.__metadata__:
            metadata = (*metadata, *(getattr(one, "metadata", None) or [one]))
        yield from _leaves(kind.__origin__, metadata)
    elif get_args(kind):
        for one in get_args(kind):
            if one is not type(None) and one is not Ellipsis:
                yield from _leaves(one, metadata)
    else:
        yield kind, metadata


@pytest.mark.parametrize("what", EVENTS)
def test_law_9_no_event_has_room_for_text_or_an_address(what):
    for kind, metadata in _leaves(CloudEvent[EVENTS[what]]):
        if kind is str:
            patterns = [one.pattern for one in metadata if getattr(one, "pattern", None)]
            assert patterns, f"{what}: a text without a pattern"
            assert not any("@" in one or " " in one or r"\s" in one or r".*" in one for one in patterns)
        else:
            assert kind in (int, bool, datetime) or get_origin(kind) is Literal or issubclass(kind, Enum), f"{what}: {kind}"


def _decided(**changes):
    one = mail(KAREN)
    one = type(one)(one.sha256, one.envelope, one.headers, id="01mail")
    return decide(one, facts_from_register(town(framework(**changes)), POLICY, (), one), NOW)


def test_events_are_the_same_for_the_same_fact():
    assert mail_decided(_decided(), AT) == mail_decided(_decided(), AT)
    assert mail_received("01mail", AT, 10, 2).id == "01mail.received"
    assert mail_decided(_decided(), AT).id == "01mail.decided"


@pytest.mark.parametrize(
    "event",
    [
        mail_received("01mail", AT, 10, 2),
        mail_decided(_decided(), AT),
        mailbox_unreachable("01d.unreachable", AT, "01mail", {"delivery": "01d", "unit": "bf", "framework": None}),
        signal_raised("01mail", AT, [{"kind": "threat", "level": "red", "rule_id": "x"}], ["complaint"]),
        identity_suggested("01mail", AT, "c-1"),
        Event("d.sent", "notification.sent", "01mail", AT, {"mail": "01mail", "delivery": "d"}),
        Event("d.stuck", "mail.stuck", "01mail", AT, {"mail": "01mail", "delivery": "d", "unit": "bf", "framework": None}),
        Event("d.r", "mail.returned", "m", AT, {"mail": "m", "delivery": "d", "recipients": [0], "status": "5.1.1"}),
        Event("d.d", "mail.delivered", "m", AT, {"mail": "m", "delivery": "d", "recipients": [0], "action": "redirect"}),
    ],
    ids=lambda event: event.what,
)
def test_every_event_is_in_its_documented_form_and_comes_back_whole(event):
    CloudEvent[EVENTS[event.what]].model_validate(event.cloudevent())
    assert parse_event(json.dumps(event.cloudevent()).encode()) == event


def test_law_9_a_decided_mail_tells_no_address():
    text = json.dumps(mail_decided(_decided(), AT).cloudevent())
    assert "@" not in text and "Bo" not in text
    assert json.loads(text)["data"]["recipients"] == [
        {"n": 0, "action": "redirect", "reason": "framework_applies", "framework": "f-1", "measure": "functional_mailbox"}
    ]


@pytest.mark.parametrize(
    "change",
    [{"id": "a b"}, {"type": "x"}, {"specversion": "0.3"}, {"data": {"mail": "karen@eksempel.dk", "size": 1, "recipients": 1}}],
)
def test_what_is_no_event_of_ours_is_refused(change):
    wire = mail_received("01mail", AT, 10, 2).cloudevent() | change
    with pytest.raises(ValidationError):
        parse_event(json.dumps(wire).encode())


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[]", b"null"])
def test_broken_bytes_are_refused(body):
    with pytest.raises(ValidationError):
        parse_event(body)


def test_an_event_of_a_later_version_is_passed_on_unread():
    wire = mail_received("01mail", AT, 10, 2).cloudevent() | {"type": "dk.rammevagt.mail.archived.v1"}
    assert parse_event(json.dumps(wire).encode()).what == "mail.archived"


def test_the_asyncapi_page_is_the_generated_one():
    assert asyncapi.FILE.read_text("utf-8") == asyncapi.generate(), "run: python -m services.events.asyncapi"


def test_the_asyncapi_page_names_no_server():
    page = asyncapi.generate()
    assert "servers" not in page and "nats://" not in page
    assert all(f"address: rammevagt.{what}" in page for what in EVENTS)


def test_fast_mail_parser_is_absent():
    """nats-py parses headers with it where it is installed, and gets lists instead of texts."""
    assert importlib.util.find_spec("fast_mail_parser") is None
