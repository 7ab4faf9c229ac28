"""Law 9 over a whole guard: whatever it tells anybody, of many mails and of what people do with them, is read afterwards. No word
of a citizen's is in it. That such a word would be found is a test too."""

import contextlib
import json
from dataclasses import dataclass, field
from datetime import time, timedelta

import pytest
import structlog
from fakes import guard as whole
from fakes.guard import Running, until
from fakes.privacy import CANARIES, letter, links_of, plain, told, words_of
from fakes.receiver import SECRET, Receiver
from fakes.sink import Sink
from fakes.visitors import browser
from prometheus_client import REGISTRY, Counter

from services.app import ROLES, Guard
from services.demo.feed import feed
from services.demo.samples import sample_mails, sample_register
from services.events import webhooks
from services.logs import configure
from services.notice_texts import words
from services.notify import channels, desk, service
from services.settings import ZONE, Log, NoticeChannel, Webhook
from workflows.audit import AuditRecord
from workflows.events import Event
from workflows.notice_rules import Preferences

LENE, KAREN = "lene@eksempel.dk", "karen@eksempel.dk"
PEOPLE = {"lene": "leader", "karen": "caseworker", "it": "it", "dorte": "dpo", "arne": "work_environment"}
SAID = ("Jeg slår dig ihjel.", "Din idiot!", "Jeg klager over afgørelsen og søger om aktindsigt.", "Hej.", "Kan vi holde et møde?")
PAGES = 40  # that each visitor looks at
REPORT = {"on": "2026-11-22", "at": "22:10", "channel": "phone", "kinds": "threats", "wish": "unsure", "wants_support": "no"}


@dataclass
class Heard:
    """What the guard told, by where."""

    running: Running
    chat: Receiver
    hook: Receiver
    metrics: list[str] = field(default_factory=list)
    links: set[str] = field(default_factory=set)
    events: list[str] = field(default_factory=list)

    def all(self, logged: str) -> dict[str, list[str]]:
        notices = [one.content for one in self.running.sink.mails if b".notice@" in one.content]
        posted = {name: [f"{one.path} {one.headers} {one.body.decode()}" for one in of.came] for name, of in self.ways()}
        return {"log": [logged], "event": self.events, "metric": self.metrics, "notice": list(map(plain, notices)), **posted} | {
            "url": sorted(self.links)
        }

    def ways(self) -> tuple[tuple[str, Receiver], ...]:
        return ("chat", self.chat), ("webhook", self.hook)


@contextlib.asynccontextmanager
async def guard_of(folder):
    """All roles, with a chat that Lene is told by, and another system that takes every event."""
    clock = whole.SetClock()
    async with Sink() as sink, Receiver(path="/chat") as chat, Receiver() as hook:
        (folder / "chat").write_text(chat.url.replace("http:", "json:") + "/{to}?+webhook-id={key}\n")
        (folder / "hook").write_text(SECRET)
        plain_settings = whole.settings(folder / "data", sink.hop, console={"public_url": "https://rv.eksempel.dk"})
        channel = NoticeChannel(name="chat", title="Chat", url_file=str(folder / "chat"), handle="[a-z]{1,20}")
        hooks = (Webhook(name="all", url=hook.url, secret_file=str(folder / "hook"), events=("*",)),)
        told_by = plain_settings.notifications.model_copy(update={"channels": (channel,)})
        guard = Guard(plain_settings.model_copy(update={"notifications": told_by, "webhooks": hooks}), ROLES, clock)
        await guard.start()
        try:
            record = AuditRecord(clock.now(), "test", "register.loaded", "test")
            await guard.store.load_register(sample_register(clock.now().astimezone(ZONE).date()), record)
            await guard.store.refresh()
            lene = Preferences(channels=("chat",), handles={"chat": "lene"})
            await guard.store.notices.prefer(LENE, lene, record)
            yield Heard(Running(guard, sink, clock), chat, hook)
        finally:
            await guard.stop()


async def settled(heard):
    running = heard.running
    await running.assessed()
    await running.settled()


async def gathered(heard):
    """What lies in the stream, what other systems were sent, and the figures."""
    store, client = heard.running.guard.store, heard.running.guard.events.client

    async def published():
        return not await store.outbox(1)

    await until(published)
    stream = client.jetstream()
    count = (await stream.stream_info("RAMMEVAGT")).state.messages
    heard.events = [(await stream.get_msg("RAMMEVAGT", number)).data.decode() for number in range(1, count + 1)]

    async def sent():
        return json.loads(heard.events[-1])["id"] in heard.hook.ids  # in order, and a new one begins where the stream stood

    await until(sent, 60)
    visitor = await entered(heard.running, "it", "it")
    heard.metrics.append((await visitor.get("/metrics")).text)
    await visitor.aclose()


async def writes(heard, senders, to):
    for number, (said, sender) in enumerate((said, sender) for said in SAID for sender in senders):
        for address in (to, f"karen+{CANARIES['tag']}@eksempel.dk") if not number % 3 else (to,):
            await heard.running.send(letter(number, sender, to, said), address, sender=sender)


async def entered(running, name, role):
    visitor = await browser(running, name, role)
    visitor.headers["Host"] = "rv.eksempel.dk"
    visitor.cookies.set("__Host-sid", visitor.cookies["sid"])
    return visitor


@contextlib.asynccontextmanager
async def entering(running):
    people = {name: await entered(running, name, role) for name, role in PEOPLE.items()}
    yield people
    for one in people.values():
        await one.aclose()


async def acts(heard, people):
    """Karen reports, calls and asks for relief, in words of her own about the citizen; Lene looks at everything."""
    report = REPORT | {"about": "s-77", "what": f"Han råbte {CANARIES['report']}."}
    calls = {"kind": "colleague", "where": CANARIES["report"]}
    wish = {"case": "s-77", "wish": "hand_over", "why": CANARIES["relief"]}
    for path, form in (("/report", report), ("/assist", calls), ("/relief", wish)):
        answer = await people["karen"].post(path, data=form)
        assert answer.status_code == 303 and "login" not in answer.headers["location"]
    await settled(heard)


async def looks(heard, people):
    """Each follows what pages lead to, so far as they go."""
    for one in people.values():
        seen, waiting = set(), ["/", "/mails", "/notices", "/posts", "/incidents", "/citizens", "/operations"]
        while waiting and len(seen) < PAGES:
            path = waiting.pop(0)
            seen.add(path)
            answer = await one.get(path)
            heard.links |= {str(answer.url), *answer.headers.get_list("location")}
            if "html" in answer.headers.get("content-type", ""):
                links = links_of(answer.text)
                heard.links |= links
                waiting += sorted({link for link in links if link.startswith("/") and "out" not in link} - seen - set(waiting))


async def run(heard, *, whole_day):
    running = heard.running
    register = sample_register(running.clock.now().astimezone(ZONE).date())
    framed = {one.citizen for one in register.frameworks}
    known = [str(one.addresses[0].address) for one in register.citizens if one.id in framed and one.addresses]
    samples = sample_mails(running.clock.now()) if whole_day else ()
    if whole_day:
        record = AuditRecord(running.clock.now(), "test", "user.notices_chosen", KAREN)
        await running.guard.store.notices.prefer(KAREN, Preferences(digest=(time(15),)), record)
    await feed(running.guard.gateway.addresses[0], samples)
    await writes(heard, [*known[:2], f"{CANARIES['local']}@example.net"] if whole_day else known, KAREN)
    if whole_day:
        running.sink.on("RCPT", b"450 4.2.1 busy", address=KAREN, times=1)
    await settled(heard)
    if whole_day:
        async with entering(running) as people:
            await acts(heard, people)
    running.clock.forward(timedelta(minutes=31))  # what nobody opened goes on to the next in line
    await until(lambda: passed_on(heard), 60)
    if whole_day:
        running.clock.forward(timedelta(hours=5))  # digests are due
        await settled(heard)
        async with entering(running) as people:  # sessions have ended
            await looks(heard, people)
    await until(lambda: by_chat(heard))
    await gathered(heard)
    own = " ".join(str(words(language).words).lower() for language in ("da", "en"))
    return set(CANARIES.values()).union(*(words_of(one.content, own) for one in samples))


async def passed_on(heard):
    notices = await heard.running.guard.store.notices.due(1)
    return not notices and any(
        b"ingen har \xc3\xa5bnet" in plain(one.content).encode() for one in heard.running.sink.mails if b".notice@" in one.content
    )


async def by_chat(heard):
    return bool(heard.chat.came)


@pytest.fixture(autouse=True)
def sooner(monkeypatch):
    for name in ("FETCH", "LOOK", "PAUSE"):
        monkeypatch.setattr(webhooks, name, 0.1)


async def test_law_9_no_word_of_any_mail_is_in_anything_that_a_whole_guard_tells(tmp_path, capfd):
    configure(Log(format="json", level="debug"))
    async with guard_of(tmp_path) as heard:
        forbidden = await run(heard, whole_day=True)
    texts = heard.all("".join(capfd.readouterr()))
    assert len(forbidden) > 500 and all(texts.values()) and len(texts["notice"]) > 10 and len(texts["url"]) > 100
    assert {where: found for where, of in texts.items() if (found := told(of, forbidden))} == {}


async def test_a_word_that_leaks_anywhere_is_found(tmp_path, capfd, monkeypatch, request):
    """Planted where each kind of text is made."""
    leak, log = CANARIES["text"], structlog.get_logger()
    compose, send, body, decided = desk.compose, channels._send, Event.body, service.Notifier.mail_decided
    counter = Counter("rammevagt_planted", "of a test", ["word"])
    request.addfinalizer(lambda: REGISTRY.unregister(counter))

    def leaking(notice, *given, **more):
        counter.labels(leak).inc()
        return compose(notice, *given, **more) + f"{leak}\r\n".encode()

    async def logging(self, events):
        log.debug("planted", word=leak)
        await decided(self, events)

    monkeypatch.setattr(desk, "compose", leaking)
    monkeypatch.setattr(channels, "_send", lambda one, handle, title, text, key: send(one, handle, title, text + leak, key))
    monkeypatch.setattr(Event, "body", lambda self: body(self).replace('"data":{', f'"data":{{"planted":"{leak}",', 1))
    monkeypatch.setattr(service.Notifier, "mail_decided", logging)
    configure(Log(format="json", level="debug"))
    async with guard_of(tmp_path) as heard:
        forbidden = await run(heard, whole_day=False)
        heard.links |= links_of(f'<a href="/mails?q={leak}">')
    texts = heard.all("".join(capfd.readouterr()))
    assert {where for where, of in texts.items() if leak in told(of, forbidden)} == texts.keys()
