"""The sample municipality of the bench: its register, and the mails of its citizens."""

from datetime import date, timedelta
from pathlib import Path

DOMAIN = "eksempel.dk"
RECIPIENT = f"karen@{DOMAIN}"
STRANGER = "nabo@example.org"

HEAD = """\
units:
  - {id: boern-familie, name: Børn og Familie, leader: lene@eksempel.dk,
     functional_mailbox: bf-kontakt@eksempel.dk, main_mailbox: bf@eksempel.dk}
employees:
  - {address: karen@eksempel.dk, name: Karen Karlsen, unit: boern-familie, role: caseworker}
  - {address: lene@eksempel.dk, name: Lene Lund, unit: boern-familie, role: leader}
"""
FRAMEWORK = """\
  - id: f-{n}
    citizen: c-{n}
    scope: {{cases: [s-{n}]}}
    state: active
    measures: [{{kind: functional_mailbox}}, {{kind: written_only}}]
    reason: Mange daglige henvendelser om samme afgjorte sag
    legal_basis: Almindelige forvaltningsretlige grundsætninger
    milder_means: [{{what: Samtale, why_not: Uden virkning}}]
    decided_by: lene@eksempel.dk
    citizen_informed: {starts}
    starts: {starts}
    review: {review}
    ends: {ends}
"""
CONFIG = """\
[municipality]
domains = ["{domain}"]
[gateway]
listen = "127.0.0.1:{gateway}"
[delivery]
next_hop = "127.0.0.1:{next_hop}"
internet_hop = "127.0.0.1:{internet_hop}"
[console]
listen = "127.0.0.1:{console}"
[notifications]
working_hours = {{days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], from = "00:00", to = "24:00"}}
closing_days = []
"""


def citizen(number: int) -> str:
    """The address of a citizen."""
    return f"borger{number}@example.net"


def write_register(path: Path, citizens: int, frameworks: int, today: date) -> None:
    """A register of ``citizens``, of whom the first ``frameworks`` have a case with a framework in force."""
    days = {name: today + timedelta(days=count) for name, count in (("starts", -30), ("review", 60), ("ends", 90))}
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD + "citizens:\n")
        file.writelines(f"  - {{id: c-{n}, name: Borger {n}, addresses: [{citizen(n)}]}}\n" for n in range(citizens))
        file.write("cases:\n")
        file.writelines(
            f"  - {{id: s-{n}, citizen: c-{n}, unit: boern-familie, caseworker: {RECIPIENT}}}\n" for n in range(frameworks)
        )
        file.write("frameworks:\n")
        file.writelines(FRAMEWORK.format(n=n, **days) for n in range(frameworks))


def mail(sender: str, size: int, message_id: str, authenticated: bool = True, begins: str = "") -> str:
    """A mail of about ``size`` bytes of body, with LF line ends, as our upstream would hand it on. ``begins``: its first line."""
    verdict = f"Authentication-Results: mx.eksempel.dk; dmarc=pass header.from={sender.partition('@')[2]}\n"
    line = "Jeg skriver igen, fordi jeg stadig venter paa svar i min sag.\n"
    return (
        (verdict if authenticated else "")
        + f"From: <{sender}>\nTo: <{RECIPIENT}>\nSubject: Min sag\nDate: Mon, 2 Nov 2026 10:00:00 +0100\n"
        + f"Message-ID: <{message_id}@example.net>\n\n"
        + begins
        + line * max(1, size // len(line))
    )
