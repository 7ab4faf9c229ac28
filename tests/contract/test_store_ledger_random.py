"""The books balance after any sequence of what can happen to mail (law 1)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from fakes.arrivals import SetClock, arrival, attempt, deferred, delivery
from fakes.leases import take_back_all
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.settings import Settings
from services.store.interface import Bounced, Delivered, DeliveryOutcome, Leased, Rerouted, Returned
from services.store.open import open_store

PEOPLE = [f"{name}@eksempel.dk" for name in ("karen", "per", "lene")]


class Town(RuleBasedStateMachine):
    """Mail comes, goes, waits, bounces; deliverers come late; everything is restarted."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.clock = SetClock()
        self.runner = asyncio.Runner()
        self.mails = 0
        self.accepted = 0
        self.held: list[Leased] = []
        self.sent: list[str] = []
        self.open()

    def open(self) -> None:
        self.store = self.runner.run(open_store(Settings(data=Path(self.folder.name) / "data"), self.clock))

    def teardown(self) -> None:
        self.runner.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    def commit(self, recipients: list[str], redirected: str | None, **more: object) -> None:
        self.mails += 1
        made = arrival(f"m{self.mails}", recipients, redirected, received_at=self.clock.now())
        self.runner.run(self.store.commit(replace(made, **more)))  # type: ignore[arg-type]
        self.accepted += len(recipients)

    @rule(recipients=st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True), redirected=st.booleans())
    def a_mail_comes(self, recipients: list[str], redirected: bool) -> None:
        self.commit(recipients, "bf@eksempel.dk" if redirected else None)

    @rule(limit=st.integers(1, 9))
    def a_deliverer_leases(self, limit: int) -> None:
        now = self.clock.now()
        self.held += self.runner.run(self.store.lease("next", now, now + timedelta(minutes=10), limit))

    @rule(data=st.data())
    def an_outcome_is_recorded(self, data: st.DataObject) -> None:
        if not self.held:
            return
        one = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        now = self.clock.now()
        outcomes: list[DeliveryOutcome] = [
            Delivered(now),
            Returned(now, "550"),
            deferred(now + timedelta(minutes=1)),
            Rerouted("main@eksempel.dk", (), now, "550"),
        ]
        outcome = data.draw(st.sampled_from(outcomes))
        fenced = self.runner.run(self.store.record([attempt(one, outcome)]))
        if not fenced and isinstance(outcome, Delivered):
            self.sent.append(one.delivery.id)

    @rule(data=st.data())
    def a_copy_bounces(self, data: st.DataObject) -> None:
        if not self.sent:
            return
        old = data.draw(st.sampled_from(self.sent))
        about = self.runner.run(self.store.redirection(old))
        if about is not None:
            new = delivery(
                about.delivery.mail, "main@eksempel.dk", (), id=f"again-{self.mails}", redirected=True, due=self.clock.now()
            )
            self.commit(["bounce@rammevagt.eksempel.dk"], None, deliveries=(), bounced=(Bounced(old, new),))

    @rule(minutes=st.sampled_from([1, 11, 60 * 24 * 30, 60 * 24 * 200]))
    def time_passes(self, minutes: int) -> None:
        self.clock.move(minutes=minutes)

    @rule()
    def the_old_is_removed(self) -> None:
        self.runner.run(self.store.purge(self.clock.now(), 7, 90, 183))

    @rule()
    def it_is_restarted(self) -> None:
        self.runner.run(self.store.close())
        self.open()
        self.runner.run(take_back_all(self.store))

    @invariant()
    def the_books_balance(self) -> None:
        rows = self.runner.run(self.store.ledger())
        assert all(row.balances() for row in rows)
        assert sum(row.accepted for row in rows) == self.accepted
        books = self.runner.run(self.store.books())
        assert books.balance() and list(books.rows) == rows
        for by in ("mailbox", "recipient"):
            named = self.runner.run(self.store.accounts(by))
            assert all(one.row.balances() for one in named)
            assert sum(one.row.accepted for one in named) == self.accepted


TestTheBooks = Town.TestCase
TestTheBooks.settings = settings(max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
