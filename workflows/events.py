"""The wire events: CloudEvents 1.0, versioned, with ids and codes only.

No subject, text, name or address is ever part of an event: a consumer that needs more asks the store, and the
read is recorded there.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

from workflows.decision import Decision
from workflows.event_data import EVENTS, CloudEvent
from workflows.event_model import EventData
from workflows.framework import ContactFramework
from workflows.post import Post

STREAM = "RAMMEVAGT"
TYPE_PREFIX = "dk.rammevagt."
SUBJECT_PREFIX = "rammevagt."
VERSION = ".v1"
_ENCODER = json.JSONEncoder(check_circular=False, separators=(",", ":"))  # an event is a tree


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is born, in the transaction whose fact it tells.

    ``id`` is its identity for ever (CloudEvents ``id`` and ``Nats-Msg-Id``). ``what`` is ``<area>.<what>`` such as
    ``mail.decided``. ``subject`` is the guard's id of what it is about (a mail, a framework): events of one subject keep
    their order.
    """

    id: str
    what: str
    subject: str
    at: datetime
    data: dict[str, Any]

    def topic(self) -> str:
        """The NATS subject on which it is published."""
        return SUBJECT_PREFIX + self.what

    def body(self) -> str:
        """The event as it is published: ``cloudevent`` as JSON in ASCII."""
        return _ENCODER.encode(self.cloudevent())

    def cloudevent(self) -> dict[str, Any]:
        """The structured-mode JSON (CloudEvents 1.0)."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": "/rammevagt",
            "type": f"{TYPE_PREFIX}{self.what}{VERSION}",
            "subject": self.subject,
            "time": self.at.isoformat(),
            "datacontenttype": "application/json",
            "data": self.data,
        }


def parse_event(body: bytes) -> Event:
    """The event in a CloudEvents JSON. Raises ``pydantic.ValidationError``, also on a known event's data in a wrong form."""
    wire = _CLOUD_EVENT.model_validate_json(body)
    what = wire.type.removeprefix(TYPE_PREFIX).removesuffix(VERSION)
    EVENTS.get(what, EventData).model_validate(wire.data)
    return Event(wire.id, what, wire.subject, wire.time, wire.data)


_CLOUD_EVENT = CloudEvent[dict[str, Any]]  # the data is checked by its own model


def mail_received(mail_id: str, at: datetime, size: int, recipients: int) -> Event:
    """A mail of ``size`` octets for so many ``recipients`` became ours."""
    return Event(f"{mail_id}.received", "mail.received", mail_id, at, {"mail": mail_id, "size": size, "recipients": recipients})


def mail_decided(decision: Decision, at: datetime) -> Event:
    """What was decided about a mail that has an id."""
    mail_id = decision.mail.id or ""
    recipients = [
        {"n": n, "action": one.action, "reason": one.reason.value, "framework": one.framework, "measure": one.measure}
        for n, one in enumerate(decision.recipients)
    ]
    data = {
        "mail": mail_id,
        "citizen": decision.sender.citizen,
        "grade": decision.sender.grade.value,
        "recipients": recipients,
        "receipt": decision.receipt.send,
    }
    return Event(f"{mail_id}.decided", "mail.decided", mail_id, at, data)


def mailbox_unreachable(id: str, at: datetime, mail_id: str, copy: Mapping[str, str | None]) -> Event:
    """The functional mailbox that ``copy`` (``delivery``, ``unit`` and ``framework``) went to did not take or keep it."""
    return Event(id, "mailbox.unreachable", mail_id, at, {"mail": mail_id, **copy})


def mailbox_handed_over(post: Post, at: datetime) -> Event:
    """A post is somebody else's from now on. Who it is stands in the post alone."""
    data = {"post": post.id, "mail": post.mail, "unit": post.unit, "mailbox": post.code}
    return Event(f"{post.id}.handed_over.{_instant(at)}", "mailbox.handed_over", post.mail, at, data)


def mailbox_not_watched(code: str, at: datetime, unit: str | None, why: str) -> Event:
    """The guard can't look into the mailbox ``code``, whatever ``why`` (a code); told once for each time that it begins."""
    return Event(f"{code}.{_instant(at)}.unreachable", "mailbox.unreachable", code, at, {"unit": unit, "mailbox": code, "why": why})


def mailbox_not_looked_into(code: str, looked_at: datetime | None, since: datetime, unit: str | None, why: str) -> Event:
    """As above, of all the time after the look at ``looked_at``; ``since`` tells how long, where there never was one."""
    event = mailbox_not_watched(code, looked_at or since, unit, why)
    return event if looked_at else replace(event, id=f"{code}.never.unreachable")


def route_hindered(mailbox: str, why: str, at: datetime) -> Event:
    """What keeps mail from being moved out of the employee's mailbox of that code; told once a day."""
    day = at.astimezone(UTC).date().isoformat()
    return Event(f"{mailbox}.{why}.{day}", "mailbox.unreachable", mailbox, at, {"mailbox": mailbox, "why": why})


def mail_stuck(id: str, at: datetime, mail_id: str, copy: Mapping[str, str | None]) -> Event:
    """No mailbox took or kept ``copy`` (as above, with ``why`` where it is something else): people must look."""
    return Event(id, "mail.stuck", mail_id, at, {"mail": mail_id, **copy})


def notice_untold(id: str, at: datetime, subject: str, kind: str, unit: str | None) -> Event:
    """No channel brought the notice ``id`` to its person; told once for each."""
    return Event(f"{id}.untold", "notice.untold", subject, at, {"notice": id, "about": subject, "kind": kind, "unit": unit})


def receipt_undelivered(delivery: str, at: datetime, mail_id: str, unit: str | None, why: str) -> Event:
    """The receipt ``delivery`` did not reach the citizen; told once for each."""
    data = {"mail": mail_id, "delivery": delivery, "unit": unit, "why": why}
    return Event(f"{delivery}.undelivered", "receipt.undelivered", mail_id, at, data)


def signal_raised(mail_id: str, at: datetime, signals: Sequence[Mapping[str, str]], rights: Sequence[str]) -> Event:
    """What the assessment of a mail found, as codes."""
    data = {
        "mail": mail_id,
        "signals": [{"kind": one["kind"], "level": one["level"]} for one in signals],
        "rights": list(rights),
    }
    return Event(f"{mail_id}.signal", "signal.raised", mail_id, at, data)


def identity_suggested(mail_id: str, at: datetime, citizen: str, **more: object) -> Event:
    """A mail that comes probably from ``citizen``; ``more`` are fields of ``IdentitySuggested``."""
    data = {"mail": mail_id, "citizen": citizen, **more}
    return Event(f"{mail_id}.identity.{citizen}", "identity.suggested", mail_id, at, data)


def framework_moved(
    framework: ContactFramework, move: str, at: datetime, degree: int, units: Sequence[str], *, by_guard: bool
) -> Event:
    """A framework made ``move``, and is as given now."""
    data = {
        "framework": framework.id,
        "citizen": framework.citizen,
        "state": framework.state.value,
        "degree": degree,
        "units": list(units),
        "by_guard": by_guard,
    }
    return Event(f"{framework.id}.{_instant(at)}.{move}", f"framework.{move}", framework.id, at, data)


def framework_proposal(what: str, framework: str, move: str, at: datetime, units: Collection[str]) -> Event:
    """The proposal to make ``move`` was ``submitted``, ``approved`` or ``sent_back``."""
    data = {"framework": framework, "move": move, "units": sorted(units)}
    return Event(f"{framework}.{_instant(at)}.{what}", f"framework.{what}", framework, at, data)


def framework_expires_soon(framework: str, ends: date, days: int, at: datetime) -> Event:
    """It ends on ``ends`` by itself; told once for each end and each number of days."""
    data = {"framework": framework, "days": days}
    return Event(f"{framework}.{ends.isoformat()}.{days}.expires_soon", "framework.expires_soon", framework, at, data)


def incident_reported(id: str, at: datetime, codes: Mapping[str, str | bool | None]) -> Event:
    """The incident ``id`` was reported; ``codes`` are the other fields of ``IncidentReported``."""
    return Event(f"{id}.reported", "incident.reported", id, at, {"incident": id, **codes})


def incident_overdue(id: str, point: str, unit: str | None, at: datetime) -> Event:
    """A point of its checklist is not done; told once for each."""
    return Event(f"{id}.{point}.overdue", "incident.overdue", id, at, {"incident": id, "unit": unit, "point": point})


def assist_requested(id: str, step: int, unit: str | None, kind: str, at: datetime) -> Event:
    """The people of this step of the call ``id`` are called."""
    data = {"assist": id, "unit": unit, "kind": kind, "step": step}
    return Event(f"{id}.assist.{step}", "assist.requested", id, at, data)


def relief_asked(id: str, unit: str, case: str, wish: str, at: datetime) -> Event:
    """Somebody asks to hand over a case, or for relief in it."""
    return Event(f"{id}.asked", "relief.asked", id, at, {"relief": id, "unit": unit, "case": case, "wish": wish})


def relief_answered(id: str, unit: str, case: str, says: str, at: datetime) -> Event:
    """Their leader has answered."""
    return Event(f"{id}.answered", "relief.answered", id, at, {"relief": id, "unit": unit, "case": case, "says": says})


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%f")
