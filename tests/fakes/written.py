"""What a leader writes on the way to a framework, as the fields of each step."""

from datetime import timedelta

from fakes.town import NOW, POLICY

TODAY = NOW.astimezone(POLICY.zone).date()
SCOPE = {"reach": "cases", "case": "s-90"}
HAPPENED = {
    "on.0": (TODAY - timedelta(days=3)).isoformat(),
    "at.0": "23:10",
    "channel.0": "mail",
    "what.0": "Du skrev 14 mails på én nat.",
    "categories": "volume",
    "burden": "Medarbejderne når ikke deres andre sager.",
}
MILDER = {"means": "0", "why.0": "Aftalen holdt i fire dage.", "own.0": "", "own_why.0": ""}
NEEDS = {"needs_asked": "yes", "representatives_asked": "yes"}
MEASURES = {
    "measure": ["functional_mailbox", "contact_window"],
    "contact_window.days": ["tue", "thu"],
    "contact_window.from": "10:00",
    "contact_window.to": "12:00",
    "reason": "Medarbejderne skal kunne svare dig ordentligt.",
    "legal_basis": "God forvaltningsskik.",
}
TIME = {
    "starts": TODAY.isoformat(),
    "review": (TODAY + timedelta(days=60)).isoformat(),
    "ends": (TODAY + timedelta(days=90)).isoformat(),
    "way_back": "En måned med én mail om ugen.",
}
STEPS = {"scope": SCOPE, "happenings": HAPPENED, "milder": MILDER, "needs": NEEDS, "measures": MEASURES, "time": TIME}


def _seen(text: str) -> str:
    return text.split('name="seen" value="', 1)[1].split('"', 1)[0]


async def begun(client, citizen="c-1010"):
    """A new draft; its id."""
    answer = await client.post("/frameworks/new", data={"citizen": citizen})
    assert answer.status_code == 303, answer.text
    return answer.headers["Location"].split("/")[2]


async def write(client, id, step, **fields):
    """Open a step, and save it; the answer."""
    path = f"/frameworks/{id}/write/{step}"
    seen = _seen((await client.get(path)).text)
    return await client.post(path, data={"seen": seen} | STEPS[step] | fields)


async def whole(client, citizen="c-1010", **scope):
    """A draft in which nothing is missing; its id."""
    id = await begun(client, citizen)
    for step in STEPS:
        answer = await write(client, id, step, **(scope if step == "scope" else {}))
        assert answer.status_code == 303, (step, answer.text)
    return id


async def move(client, id, name, **fields):
    """Open a move, and make it; the answer."""
    path = f"/frameworks/{id}/move/{name}"
    opened = (await client.get(path)).text
    place = opened.split('name="since" value="', 1)[1].split('"', 1)[0]
    return await client.post(path, data={"since": place, "do": "make"} | fields)


async def delivered(client, id, letter, at, **fields):
    """Open the form of a letter's proof, and write that it reached the citizen ``at``; the answer."""
    path = f"/frameworks/{id}/letters/{letter}/delivered"
    opened = (await client.get(path)).text
    place = opened.split('name="since" value="', 1)[1].split('"', 1)[0]
    local = at.astimezone(POLICY.zone)
    when = {"way": "digital_post", "delivered": local.date().isoformat(), "delivered_at": local.strftime("%H:%M")}
    return await client.post(path, data={"since": place} | when | fields)
