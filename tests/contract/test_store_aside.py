"""Another process reads the same store, writes nothing into it, and comes to the same answers (law 7)."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from fakes.arrivals import SetClock, arrival, entry
from fakes.town import BOX, IDA, KAREN, MIA, NOW, PASS, decided, facts, framework, mail, town

from services import trying
from services.settings import Settings
from services.store.errors import BadStore
from services.store.interface import Assessed
from services.store.open import open_store
from services.store.sql_store import SqlStore
from services.trying import FEW, overview_of, try_framework
from workflows.framework import ContactFramework
from workflows.register import Register
from workflows.replay import kept
from workflows.trial import overview

DRAFT = framework(id="f-new", state="draft", scope={"units": ["bf"]})
SINCE = date(2026, 11, 1)


@pytest.fixture
async def handled(store: SqlStore) -> SqlStore:
    """With more mails of one citizen than are tried in the guard's process."""
    register = town(DRAFT)
    await store.load_register(register, entry("register.loaded", "register"))
    await store.refresh()
    for n in range(FEW + 2):
        await came(store, register, n)
    await store.save_assessments([Assessed("m3", {"rights": ["complaint"], "signals": [], "notify": []})])
    return store


async def came(store: SqlStore, register: Register, n: int) -> None:
    to = (KAREN, IDA) if n % 3 else (MIA,)
    one = mail(*to, authentication_results=(PASS,))._replace(id=f"m{n}")
    at = NOW + timedelta(minutes=n)
    made = arrival(f"m{n}", to, received_at=at)
    await store.commit(replace(made, decision=decided(register, one, at), replay=kept(one, facts(register, one))))


@pytest.mark.parametrize("units", [None, frozenset({"tek"})])
async def test_law_7_a_trial_beside_the_guard_is_the_one_in_it(
    handled: SqlStore, settings: Settings, units: frozenset[str] | None
) -> None:
    draft = ContactFramework.model_validate(DRAFT)
    before = await handled.verify_audit()
    here = await try_framework(handled, settings, draft, SINCE)
    aside = await overview_of(handled, settings, draft, SINCE, now=NOW, units=units)
    assert aside == overview(here, handled.organisation(), units)
    moved = FEW + 2 - (FEW + 4) // 3
    assert (aside.mails, aside.moved, aside.elsewhere, aside.rights) == (FEW + 2, moved, moved if units else 0, 0)
    if not units:
        assert [name for name, _ in aside.people] == [BOX, IDA, KAREN]
    assert await handled.verify_audit() == before


async def test_a_few_mails_are_tried_in_this_process(
    handled: SqlStore, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "FEW", FEW + 2)
    monkeypatch.delattr(trying, "done_aside")
    found = await overview_of(handled, settings, ContactFramework.model_validate(DRAFT), SINCE, now=NOW, units=None)
    assert found.mails == FEW + 2


async def test_whoever_only_looks_makes_and_brings_nothing_up_to_date(settings: Settings, tmp_path: Path) -> None:
    """Tables of another version are no business of theirs."""
    store = await open_store(settings, SetClock())
    await store.close()
    looking = await open_store(settings, SetClock(), look=True)
    assert looking.read_only
    await looking.close()
    with store._engines[0].begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    with pytest.raises(BadStore, match="of another version"):
        await open_store(settings, SetClock(), look=True)
    store._engines[0].dispose()
