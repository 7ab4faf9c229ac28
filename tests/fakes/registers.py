"""Register files for tests: the contract's sample, as plain values to change and as YAML text."""

import copy
from typing import Any

import yaml

DOMAINS = frozenset({"eksempel.dk"})

SAMPLE: dict[str, Any] = {
    "units": [
        {
            "id": "boern-familie",
            "name": "Børn og Familie",
            "leader": "lene@eksempel.dk",
            "functional_mailbox": "bf-kontakt@eksempel.dk",
            "main_mailbox": "bf@eksempel.dk",
        }
    ],
    "employees": [
        {
            "address": "karen@eksempel.dk",
            "name": "Karen Karlsen",
            "unit": "boern-familie",
            "role": "caseworker",
            "aliases": ["kk@eksempel.dk"],
            "risk_group": 1,
            "training_valid_until": "2027-03-01",
        }
    ],
    "open_addresses": [{"address": "dpo@eksempel.dk", "kind": "dpo"}],
    "authorities": ["ombudsmanden.dk"],
    "citizens": [
        {
            "id": "c-1001",
            "name": "Bo Borger",
            "addresses": ["bo@example.net", {"address": "bo.b@example.org", "grade": "probable"}],
            "people": [{"name": "Ada Advokat", "role": "representative", "addresses": ["ada@advokat.example"]}],
        },
        {"id": "c-2", "name": "Ida", "addresses": ["bo@example.net"]},
    ],
    "cases": [
        {"id": "s-77", "citizen": "c-1001", "unit": "boern-familie", "caseworker": "karen@eksempel.dk"},
        {"id": "s-2", "citizen": "c-2", "unit": "boern-familie", "caseworker": "karen@eksempel.dk"},
    ],
    "frameworks": [
        {
            "id": "f-1",
            "citizen": "c-1001",
            "scope": {"cases": ["s-77"]},
            "state": "active",
            "measures": [
                {"kind": "functional_mailbox", "mailbox": "bf-kontakt@eksempel.dk"},
                {"kind": "written_only"},
                {"kind": "changed_caseworker", "from": "karen@eksempel.dk", "to": "per@eksempel.dk"},
                {"kind": "contact_window", "days": ["tue", "thu"], "from": "10:00", "to": "12:00"},
            ],
            "reason": "…",
            "legal_basis": "…",
            "milder_means": [{"what": "…", "why_not": "…"}],
            "decided_by": "lene@eksempel.dk",
            "citizen_informed": "2026-11-02",
            "starts": "2026-11-02",
            "review": "2027-01-15",
            "ends": "2027-02-02",
        }
    ],
}


def sample(**framework: Any) -> dict[str, Any]:
    """The sample, with fields of its framework replaced; None takes one out."""
    data = copy.deepcopy(SAMPLE)
    for name, value in framework.items():
        data["frameworks"][0][name] = value
        if value is None:
            del data["frameworks"][0][name]
    return data


def yaml_of(data: object) -> bytes:
    """As a file."""
    return yaml.safe_dump(data, allow_unicode=True, sort_keys=False).encode()


def town_of(citizens: int) -> bytes:
    """A register with so many citizens, each with a case and a framework in force."""
    rows = ["units:\n- {id: u, name: U, leader: lene@eksempel.dk, functional_mailbox: f@eksempel.dk}\ncitizens:\n"]
    numbers = range(citizens)
    rows += [f"- {{id: c-{one}, name: Bo {one}, addresses: [bo{one}@example.net]}}\n" for one in numbers]
    rows += ["cases:\n", *(f"- {{id: s-{one}, citizen: c-{one}, unit: u, caseworker: k@eksempel.dk}}\n" for one in numbers)]
    rows += ["frameworks:\n"]
    rows += [
        f"- {{id: f-{one}, citizen: c-{one}, scope: {{cases: [s-{one}]}}, state: active, measures: [{{kind: functional_mailbox}}], "
        "reason: r, legal_basis: l, milder_means: [{what: w, why_not: n}], decided_by: lene@eksempel.dk, "
        "citizen_informed: 2026-11-02, starts: 2026-11-02, review: 2027-01-15, ends: 2027-02-02}\n"
        for one in numbers
    ]
    return "".join(rows).encode()
