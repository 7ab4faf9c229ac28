"""Trying a drafted framework on past mail: gather from the store, then ``workflows.backtest``."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, time

from services.gather import policy_of
from services.settings import ZONE, Settings
from services.store.sql_store import SqlStore
from workflows.backtest import Background, Backtest, Version, backtest
from workflows.framework import ContactFramework

MOST = 10_000  # mails: some seconds of one thread


async def try_framework(store: SqlStore, settings: Settings, draft: ContactFramework, since: date) -> Backtest:
    """What ``draft`` would have done to its citizen's mail since the Danish day ``since``; of very much, to the newest."""
    past = await store.views.handled(draft.citizen, datetime.combine(since, time.min, ZONE), MOST + 1)
    cut = len(past) > MOST
    past = past[1:] if cut else past
    written = {one.written_from for one in past}
    files = {addresses: await store.files_of(addresses) for addresses in written}
    versions = await store.views.versions({one.citizen.id for found in files.values() for one in found})
    history = {id: [Version(one.since, one.framework) for one in of] for id, of in versions.items()}
    background = Background(policy_of(settings), store.organisation(), files, history)
    found = await asyncio.to_thread(backtest, draft, past, background, since)
    return replace(found, older_left_out=cut)
