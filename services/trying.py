"""Trying a drafted framework on past mail: gather from the store, then ``workflows.backtest``."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, time

from pydantic import TypeAdapter

from services.aside import done_aside
from services.gather import policy_of
from services.settings import ZONE, Settings
from services.store.sql_store import SqlStore
from workflows.backtest import Background, Backtest, Handled, Version, backtest
from workflows.framework import ContactFramework
from workflows.trial import Overview, overview

MOST = 10_000  # mails: some seconds of one processor
FEW = 100  # mails that are tried here, in some hundredths of a second; a process of its own takes most of one to begin
OVERVIEW = TypeAdapter(Overview)


async def try_framework(store: SqlStore, settings: Settings, draft: ContactFramework, since: date) -> Backtest:
    """What ``draft`` would have done to its citizen's mail since the Danish day ``since``; of very much, to the newest."""
    past = await _past(store, draft, since, MOST + 1)
    cut = len(past) > MOST
    past = past[1:] if cut else past
    written = {one.written_from for one in past}
    files = {addresses: await store.files_of(addresses) for addresses in written}
    versions = await store.views.versions({one.citizen.id for found in files.values() for one in found})
    history = {id: [Version(one.since, one.framework) for one in of] for id, of in versions.items()}
    background = Background(policy_of(settings), store.organisation(), files, history)
    found = await asyncio.to_thread(backtest, draft, past, background, since)
    return replace(found, older_left_out=cut)


async def overview_of(
    store: SqlStore, settings: Settings, draft: ContactFramework, since: date, *, now: datetime, units: Collection[str] | None
) -> Overview:
    """The same as whoever is of ``units`` is told of it (None: of all); much mail is gone through beside the guard's process.

    Raises ``StoreUnavailable`` and ``services.aside.Undone``.
    """
    if len(await _past(store, draft, since, FEW + 1)) <= FEW:
        return overview(await try_framework(store, settings, draft, since), store.organisation(), units)
    asked = {
        "draft": draft.model_dump(mode="json", by_alias=True),
        "since": since.isoformat(),
        "units": None if units is None else sorted(units),
    }
    return OVERVIEW.validate_json(await done_aside("services.trying_child", settings, now, asked))


async def _past(store: SqlStore, draft: ContactFramework, since: date, most: int) -> list[Handled]:
    return await store.views.handled(draft.citizen, datetime.combine(since, time.min, ZONE), most)
