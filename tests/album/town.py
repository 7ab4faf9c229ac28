"""The sample municipality with a framework at each place of its way, so that every page has something to show."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import httpx2
from fakes.console import COOKIE
from fakes.guard import Running
from fakes.likely import likely
from fakes.town import POLICY
from fakes.written import begun, move, whole, write

from services.console.auth import codes
from services.console.auth.door import new_account
from services.console.move_records import RECORD
from services.lifecycle import Doer, Lifecycle
from services.settings import Mailbox, NoticeChannel, Webhook
from services.store.account_values import KeptForm
from services.store.dossiers import Kept
from services.store.mailboxes import Cursor
from services.store.webhooks import WebhookState
from workflows.audit import AuditRecord
from workflows.link_answers import Link
from workflows.notice_seen import token
from workflows.post import code_of

CODED, PASSWORD = "ditte@eksempel.dk", "fire ord som ingen kender"
REASON = "Det haster, og en samtale er prøvet."
URGENT = "Du skrev fredag aften, at du ville vente på Maja ved hendes bil."
WIDER = {"reach": "units", "unit": ["boern-familie", "teknik-byg"], "wider_because": "Begge enheder får de samme mails."}
LAWYER = {"lawyer": "jette@eksempel.dk", "lawyer_says": "Grundlaget er i orden."}
WARNED = {
    "expects": "Skriv én samlet mail om ugen.",
    "consequence": "Så overvejer vi en ramme for kontakten.",
    "talk": "Ring til Lene Lund på 87 65 43 21, så finder vi en tid.",
}
ACTIVATED = {"way": "digital_post", "staff_informed": "yes"}


def visiting(running: Running, who: str = "leader") -> httpx2.AsyncClient:
    """Somebody's browser without a window."""
    return httpx2.AsyncClient(base_url=f"http://{running.guard.http.address}", cookies={COOKIE: who}, timeout=60)


async def prepared(running: Running) -> dict[str, str]:
    """The frameworks by what they show; ``letter`` is one of those decided, ``day`` an instant before the last changes."""
    await _accounts(running)
    box = await _mailbox(running)
    links = await likely(running)
    async with visiting(running) as lene, visiting(running, "head") as birgit, visiting(running, "caseworker") as karen:
        found = {"empty": await begun(lene), "whole": await whole(lene)}
        found["warned"] = await _moved(running, lene, await whole(lene), "warned", **WARNED)
        hard = await whole(lene)
        closed = {"measure": ["functional_mailbox", "closed_topic"], "closed_topic.topic": "Afgørelsen om aflastning"}
        assert (await write(lene, hard, "measures", **closed)).status_code == 303
        found["heard"] = await _moved(running, lene, hard, "heard", answer_by=_day(running, 14))
        found["decided"] = await _moved(running, lene, await whole(lene), "decided", no_warning_because=REASON)
        for name in ("waiting", "back"):
            wide = await whole(lene, **WIDER)
            found[name] = await _moved(running, lene, wide, "decided", no_warning_because=REASON, **LAWYER)
        await _moved(running, birgit, found["back"], "approve", do="back", because="Skriv, hvorfor Teknik og Byg er med.")
        found["urgent"] = await _moved(running, lene, await whole(lene), "activated_urgently", threat=URGENT)
        for name, citizen, case in (("active", "c-1010", "s-90"), ("lifted", "c-1004", "s-82"), ("reconsidered", "c-1011", "s-93")):
            found[name] = await _in_force(running, lene, citizen, case)
        await _moved(running, lene, found["lifted"], "lifted", because="Det er gået godt i en måned.", staff_informed="yes")
        asked = {"asked_by": "citizen", "text": "Jeg vil gerne kunne ringe igen."}
        await _moved(running, lene, found["reconsidered"], "reconsideration_asked", **asked)
        found["begun"] = await whole(lene)
        await _moved(running, lene, found["begun"], "warned", expects=WARNED["expects"], status=422)
        found["asked"] = await whole(lene)
        assert (await lene.post(f"/frameworks/{found['asked']}/lawyer", data={"lawyer": LAWYER["lawyer"]})).status_code == 303
        found["reported"] = await _reported(running, karen)
        found["incident"] = await _incident(running, karen, lene)
        found["call"] = await _over(karen)
        told = {"case": "s-77", "wish": "hand_over", "why": "Jeg har haft sagen i tre år, og det fylder for meget."}
        found["relief"] = _made(await karen.post("/relief", data=told))
        [found["letter"]] = list(await running.guard.store.dossiers.letters(found["decided"]))
        await _signals(running, lene)
        found["box"] = box
        await _webhooks(running)
        found["seen_link"] = await _notices(running)
        found |= {f"link_{name}": one.id for name, one in links.items()}
        found |= await _answered(running, links)
        found["day"] = running.clock.now().isoformat().replace("+", "%2B")
        return found


async def _reported(running: Running, karen: httpx2.AsyncClient) -> str:
    """A framework that somebody has asked for, by the API's way."""
    lifecycle = Lifecycle(running.guard.settings, running.guard.store, running.clock)
    happened = {"on": _day(running, -1), "channel": "phone", "what": "Otte opkald mellem kl. 22 og 23."}
    record = {"move": "reported", "happenings": [happened], "wants_support": False}
    who = Doer(lifecycle.actor("karen@eksempel.dk", "caseworker"), "a-caseworker")
    kept = await lifecycle.move(lifecycle.begin("c-1001"), RECORD.validate_python(record), who)
    assert isinstance(kept, Kept), kept
    return kept.dossier.framework.id


async def _incident(running: Running, karen: httpx2.AsyncClient, lene: httpx2.AsyncClient) -> str:
    """A threat that Karen reported: the leader has talked with her, and secured a mail."""
    told = {"about": "s-77", "on": _day(running, -1), "at": "22:10", "channel": "phone", "kinds": "threats", "wants_support": "yes"}
    answer = await karen.post(
        "/report", data=told | {"what": "Han sagde, at han ved, hvor mine børn går i skole.", "wish": "unsure"}
    )
    path = answer.headers["location"].partition("?")[0]
    mails = (await running.guard.store.views.mails(citizens=["c-1001"], limit=2)).items
    secured = await lene.post(f"{path}/evidence", data={"mail": [one.id for one in mails]})
    [revision] = set(re.findall(r'name="revision" value="(\d+)"', (await lene.get(path)).text))
    done = {"outcome": "accepted", "on": _day(running, 0), "note": "Samtale i morgen kl. 10.", "revision": revision}
    assert (secured.status_code, (await lene.post(f"{path}/points/first_aid", data=done)).status_code) == (303, 303)
    return path.rpartition("/")[2]


async def _answered(running: Running, asked: Mapping[str, Link]) -> dict[str, str]:
    """One is confirmed; the mails of what somebody pretends in, and of the new address."""
    store = running.guard.store
    await store.identity.answer(asked["relative"].id, "confirm", revision=0, by="lene@eksempel.dk")
    await store.refresh()
    return {"mail_spoofing": asked["spoofing"].mail, "mail_new": asked["new"].mail}


async def _over(karen: httpx2.AsyncClient) -> str:
    """A call of Karen's that is over, and of which she has not written what happened."""
    id = _made(await karen.post("/assist", data={"kind": "leader"}))
    assert (await karen.post(f"/assist/{id}/over")).status_code == 303
    return id


def _made(answer: httpx2.Response) -> str:
    """The id of what was made."""
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0].rpartition("/")[2]


async def _mailbox(running: Running) -> str:
    """The code of a functional mailbox that refuses the login; nobody looks after it."""
    state, store, now = running.guard.http.pages.app.state, running.guard.store, running.clock.now()  # type: ignore[union-attr,attr-defined]
    box = Mailbox.model_validate({"address": "bf-kontakt@eksempel.dk", "host": "127.0.0.1:993", "user": "bf"})
    state.console = replace(state.console, settings=state.console.settings.model_copy(update={"mailboxes": (box,)}))
    code = code_of(store.key, box.address)
    await store.mailboxes.lease(code, box.address, "album", now + timedelta(days=1))
    await store.mailboxes.saw(code, [], Cursor(1, 1, None, now), holder="album")
    await store.mailboxes.state(code, "login_refused", "login_refused", holder="album")
    return code


async def _webhooks(running: Running) -> None:
    """One that takes events, and one that was stopped."""
    state, store, now = running.guard.http.pages.app.state, running.guard.store, running.clock.now()  # type: ignore[union-attr,attr-defined]
    names = ("journal", "esdh")
    made = tuple(Webhook(name=one, url=f"https://{one}.eksempel.dk/events", secret_file="f", events=("*",)) for one in names)
    state.console = replace(state.console, settings=state.console.settings.model_copy(update={"webhooks": made}))
    await store.webhooks.save(WebhookState("journal", now, sent_at=now, aside=2))
    await store.webhooks.save(WebhookState("esdh", now - timedelta(hours=2), "stopped", "status", 503, tries=290))


async def _signals(running: Running, lene: httpx2.AsyncClient) -> None:
    """A red mail that many have answered to, of a citizen to whom something happened and whom we owe an answer."""
    store, now = running.guard.store, running.clock.now()
    posts = [one for one in (await store.posts.open(["boern-familie"], limit=200)).items if one.citizen == "c-1001"]
    red, late = next(one for one in posts if one.level == "red"), next(one for one in posts if one.level != "red")
    for n in range(14):
        await store.signals.answer(red.mail, "threat", "wrong" if n % 2 else "useful", person=f"{n}@eksempel.dk", actor="a-leader")
    overdue = replace(late, due_read=now - timedelta(days=3), due_answer=now - timedelta(days=1))
    await store.posts.save(overdue, late.revision, AuditRecord(now, "test", "post.changed", late.id))
    for code, days in (("refusal", -12), ("caseworker_change", -3)):
        form = {"case": "s-77", "code": code, "on": _day(running, days)}
        assert (await lene.post("/citizens/c-1001/situations", data=form)).status_code == 303


async def _notices(running: Running) -> str:
    """A chat that IT has set up; gives what stands in the link of Lene's newest notice."""
    state, store = running.guard.http.pages.app.state, running.guard.store  # type: ignore[union-attr,attr-defined]
    chat = NoticeChannel(name="teams", title="Teams", url_file="f", handle=r"[a-z0-9]{3,20}")
    settings = state.console.settings
    notifications = settings.notifications.model_copy(update={"channels": (chat,)})
    state.console = replace(state.console, settings=settings.model_copy(update={"notifications": notifications}))
    [newest] = (await store.notices.of_people(["lene@eksempel.dk"], limit=1)).items
    return token(store.key, newest.id)


async def _accounts(running: Running) -> None:
    """Somebody who logs in with a code, and somebody who was logged out in the middle of writing."""
    async with visiting(running, "dpo") as dorte, visiting(running, "caseworker") as karen:
        assert [(await one.get("/account")).status_code for one in (dorte, karen)] == [200, 200]
    store, door = running.guard.store, running.guard.http.pages.app.state.entrance.door  # type: ignore[union-attr,attr-defined]
    now, secret = running.clock.now(), codes.new_secret()
    made = new_account(CODED, "Ditte Dam", "leader", now, password=await door.passwords.hash(PASSWORD))
    made = replace(made, temporary=False, totp=door.sealer.seal("totp", secret, made.id))
    assert await store.users.add(made, AuditRecord(now, "test", "user.added", made.id))
    dpo = await store.users.by_id("a-dpo")
    sealed = door.sealer.seal("totp", secret, "a-dpo")
    assert dpo and await store.users.change(dpo, AuditRecord(now, "test", "user.code_begun", "a-dpo"), totp=sealed)
    written = [("about", "s-77"), ("what", "Han ringede otte gange mellem kl. 22 og 23 og råbte.")]
    sealed = door.sealer.seal("form", written, "a-caseworker")
    await store.users.keep_form(KeptForm("a-caseworker", "/report", now, sealed))


async def _in_force(running: Running, lene: httpx2.AsyncClient, citizen: str, case: str) -> str:
    id = await _moved(running, lene, await whole(lene, citizen, case=case), "decided", no_warning_because=REASON)
    now = running.clock.now().astimezone(POLICY.zone)
    when = {"delivered": now.date().isoformat(), "delivered_at": now.strftime("%H:%M")}
    return await _moved(running, lene, id, "activated", **ACTIVATED, **when)


async def _moved(running: Running, client: httpx2.AsyncClient, id: str, name: str, status: int = 303, **fields: str) -> str:
    answer = await move(client, id, name, **fields)
    assert answer.status_code == status, (name, answer.text)
    running.clock.forward(timedelta(minutes=3))
    return id


def _day(running: Running, days: int) -> str:
    return (running.clock.now().astimezone(POLICY.zone).date() + timedelta(days=days)).isoformat()
