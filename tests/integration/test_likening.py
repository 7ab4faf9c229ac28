"""From a mail of an unknown sender to a leader's question, and from the answer to the next mail; over a real store and reader."""

import email
import email.policy
import json
from datetime import timedelta

import pytest
from fakes.arrivals import SetClock, delivery, entry
from fakes.town import BO, BOX, KAREN, NOW, PASS, POLICY, facts, framework, town

from services.gather import policy_of
from services.notify.service import Notifier
from services.settings import Settings
from services.store.interface import Arrival
from services.store.open import open_store
from workflows.decide import decide
from workflows.events import mail_decided
from workflows.facts import Facts
from workflows.mail import Envelope, Mail
from workflows.people import Citizen
from workflows.reading import read_headers

LENE, NEW = "lene@eksempel.dk", "bo.b.1970@gmail.com"
FAIL = "mx.eksempel.dk; dmarc=fail header.from=gmail.com"
SECRETS = ("010190", "0101901234", "12345678", "12 34 56 78", "Bo Borger", NEW, "Borger")
OWN_WORDS = "I har for tredje gang lovet mig et svar inden for fjorten dage. Jeg har stadig ikke set bare en eneste linje fra jer."


def register(*frameworks):
    made = town(*frameworks)
    [bo] = made.citizens
    numbers = {**bo.model_dump(mode="json"), "cpr": "010190-1234", "phones": ["12 34 56 78"]}
    return made.model_copy(update={"citizens": (Citizen.model_validate(numbers),)})


class World:
    def __init__(self, store, settings):
        self.store, self.settings = store, settings
        self.notifier = Notifier(settings, store, SetClock(NOW), lambda hops: None)
        self.count = 0

    async def mail(self, text="Om sag s-1", name="Bo Borger", sender=NEW, results=None, **fields):
        """A mail comes through the gateway, and is assessed; gives its decision."""
        self.count += 1
        id = f"m{self.count}"
        given = {"From": f'"{name}" <{sender}>' if name else sender, "To": KAREN, "Message-ID": f"<{id}@x>", **fields}
        given |= {"Authentication-Results": results} if results else {}
        head = "".join(f"{key.replace('_', '-')}: {value}\r\n" for key, value in given.items())
        content = f"{head}Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n".encode()
        one = Mail("00" * 32, Envelope(sender, (KAREN,)), read_headers(content), id, len(content))
        known = Facts(POLICY, self.store.organisation(), await self.store.files_of({sender}))
        decision = decide(one, known, NOW)
        copies = tuple(delivery(id, to.deliver_to[0], (n,)) for n, to in enumerate(decision.recipients))
        event = mail_decided(decision, NOW)
        await self.store.commit(Arrival(decision, NOW, NOW.date(), "127.0.0.1", content, copies, events=(event,)))
        await self.notifier.mail_decided([event])
        return decision

    async def open(self):
        return await self.store.identity.open(["bf", "tek"], NOW)

    async def notices(self):
        leased = await self.store.lease("next", NOW, NOW + timedelta(hours=1), 99)
        found = [
            email.message_from_bytes(one.content, policy=email.policy.default) for one in leased if one.delivery.kind == "notice"
        ]
        return [(str(one["To"]), str(one["Subject"]), one.get_content()) for one in found]

    async def events(self, what):
        return [json.loads(one.body) for one in await self.store.outbox(500) if one.topic.endswith(what)]


@pytest.fixture
async def world(tmp_path):
    settings = Settings(data=tmp_path / "data")
    store = await open_store(settings, SetClock(NOW))
    await store.load_register(register(framework()), entry("register.load", "register"))
    await store.refresh()
    one = World(store, settings)
    assert policy_of(settings).domains == POLICY.domains
    yield one
    await one.notifier.stop()
    await store.close()


async def test_a_mail_that_is_probably_the_citizens_goes_as_addressed_and_a_leader_is_asked_once(world):
    first = await world.mail()
    await world.mail()
    assert first.recipients[0].action == "deliver" and first.sender.citizen is None
    [link] = await world.open()
    assert (link.citizen, link.mail, link.unit, link.about) == ("c-1", "m1", "bf", "link")
    assert [(one.kind, one.says, one.known) for one in link.hints] == [
        ("case_number", "s-1", "s-1"),
        ("display_name", "Bo Borger", "Bo Borger"),
    ]
    [(to, subject, text)] = await world.notices()
    assert to == LENE and subject == "Et spørgsmål: er det den samme?" and "c-1" in text
    [event] = await world.events("identity.suggested")
    assert event["data"] | {"link": ""} == {
        "mail": "m1", "citizen": "c-1", "link": "", "about": "link", "evidence": ["case_number", "display_name"],
    }  # fmt: skip


async def test_law_9_no_name_number_or_address_is_in_a_notice_an_event_or_the_chain(world, capfd):
    await world.mail("Mit CPR-nummer er 010190-1234, tlf. 12 34 56 78, sag s-1.\n\nVenlig hilsen\nBo Borger")
    [link] = await world.open()
    assert {"cpr", "phone"} <= {one.kind for one in link.hints}
    told = json.dumps([await world.notices(), await world.events("identity.suggested")])
    rows = await world.store._readers.run(
        lambda connection: [str(tuple(row)) for row in connection.exec_driver_sql("SELECT * FROM audit")]
    )
    links = await world.store._readers.run(
        lambda connection: [str(tuple(row)) for row in connection.exec_driver_sql("SELECT * FROM identity_link, mail_words")]
    )
    for secret in SECRETS:
        assert secret not in told and secret not in " ".join(rows) and secret not in "".join(capfd.readouterr())
    assert not any(number in " ".join(links) for number in SECRETS[:4])


async def signals(world, id):
    return (await world.store.mail(id)).decision["signals"]


async def test_maybe_the_same_citizen_from_a_new_address_is_a_signal_until_a_leader_says_no(world):
    """It moves nothing, and the question is all that the leader is told of it."""
    first = await world.mail()
    await world.mail()
    assert first.recipients[0].deliver_to == (KAREN,)
    assert await signals(world, "m1") == await signals(world, "m2") == [{"kind": "evasion", "level": "yellow"}]
    assert [one[1] for one in await world.notices()] == ["Et spørgsmål: er det den samme?"]
    assert len(await world.events("signal.raised")) == 2
    [link] = await world.open()
    await world.store.identity.answer(link.id, "reject", revision=0, by=LENE)
    await world.mail()
    assert await signals(world, "m3") == []


async def test_beside_a_threat_the_leader_is_told_of_it_too(world):
    await world.mail("Om sag s-1. Jeg slår dig ihjel.")
    assert [one["kind"] for one in await signals(world, "m1")] == ["threat", "evasion"]
    [alarm] = [text for _, subject, text in await world.notices() if subject.startswith("Se på det nu")]
    assert "en mulig trussel og at det måske er den samme borger fra en ny adresse" in " ".join(alarm.split())


@pytest.mark.parametrize(
    ("state", "sender", "results", "text"),
    [
        ("lifted", NEW, None, "Om sag s-1"),
        ("active", NEW, FAIL, "Om sag s-1"),
        ("active", "bo.b@example.org", PASS.replace("example.net", "example.org"), "Hej"),
        ("active", NEW, None, "Hej"),
    ],
    ids=["no framework in force", "somebody pretends", "a registered address", "the name alone"],
)
async def test_else_nobody_is_said_to_write_from_a_new_address(world, state, sender, results, text):
    await world.store.load_register(register(framework(state=state)), entry("register.load", "register"))
    await world.store.refresh()
    await world.mail(text, sender=sender, results=results)
    assert await signals(world, "m1") == []


async def test_a_confirmed_address_routes_from_the_next_mail_on_and_the_first_stays_where_it_went(world):
    await world.mail()
    [link] = await world.open()
    await world.store.identity.answer(link.id, "confirm", revision=0, by=LENE)
    await world.store.refresh()
    after = await world.mail(results=PASS.replace("example.net", "gmail.com"))
    assert after.recipients[0].deliver_to == (BOX,) and after.sender.citizen == "c-1"
    assert (await world.store.mail("m1")).decision["recipients"][0]["deliver_to"] == [KAREN]
    assert await world.open() == ()


async def test_a_rejected_pair_is_never_asked_again(world):
    await world.mail()
    [link] = await world.open()
    await world.store.identity.answer(link.id, "reject", revision=0, by=LENE)
    await world.mail("Om sag s-1 igen, jeg svarer i tråden", In_Reply_To="<m1@x>")
    assert await world.open() == () and len(await world.events("identity.suggested")) == 1
    await world.mail(sender="andet@example.org")
    assert len(await world.open()) == 1


async def test_a_name_alone_and_an_answer_of_a_relative_ask_nobody(world):
    await world.mail("Hej", name="Bo Borger")
    await world.mail("Om sag s-1", name="Anna Borger")
    await world.mail("CPR 010190-1234 sag s-1 tlf 12 34 56 78", name="")
    await world.mail("Om sag s-1", name="Bo Borger", sender="nogen@eksempel.dk")
    assert await world.open() == () and await world.notices() == []


async def test_nobody_is_asked_of_a_citizen_without_a_framework_in_force(world):
    await world.store.load_register(register(framework(state="lifted")), entry("register.load", "register"))
    await world.store.refresh()
    await world.mail()
    assert await world.open() == ()


async def test_an_answer_in_a_thread_of_the_citizen_and_their_own_sentences_are_evidence(world):
    await world.mail(OWN_WORDS, sender=BO, results=PASS)
    await world.mail(OWN_WORDS, name="", sender="x1@gmail.com", In_Reply_To="<m1@x>")
    [link] = await world.open()
    assert [(one.kind, one.known) for one in link.hints] == [("reply_chain", "m1"), ("same_words", "m1")]


async def test_somebody_who_pretends_to_be_the_citizen_is_shown_as_such(world):
    await world.mail(results=FAIL)
    [link] = await world.open()
    assert link.about == "spoofing"
    await world.mail("Hej", sender=BO, results=FAIL.replace("gmail.com", "example.net"))
    assert {one.about for one in await world.open()} == {"spoofing"} and len(await world.open()) == 2
    assert {one[1] for one in await world.notices()} == {"Nogen udgiver sig måske for en borger"}


async def test_an_address_that_is_registered_as_probable_is_asked_of_with_a_link(world):
    await world.mail("Hej", sender="bo.b@example.org", results=PASS.replace("example.net", "example.org"))
    [link] = await world.open()
    assert [one.kind for one in link.hints] == ["registered_address", "display_name"]
    assert [one[1] for one in await world.notices()] == ["Et spørgsmål: er mailen fra borgeren?"]


async def test_a_guess_that_fails_costs_the_mail_its_guess_alone(world, monkeypatch):
    def fails(*_, **__):
        raise ZeroDivisionError

    monkeypatch.setattr("services.notify.likening.compared", fails)
    await world.mail("Om sag s-1. Jeg klager over jeres afgørelse.")
    assert (await world.store.mail("m1")).decision["rights"] == ["complaint"] and await world.open() == ()


async def test_law_7_what_is_likened_changes_no_decision(world):
    """The evaluator never sees a clue: the same mail is decided the same with and without a question open."""
    one = await world.mail()
    again = decide(one.mail, facts(register(framework()), one.mail), NOW)
    assert again.recipients == one.recipients and again.sender == one.sender
