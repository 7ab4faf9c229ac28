"""The frameworks that somebody may see, by pages."""

from collections.abc import Collection

from services.console.concern import Concerns, Matter
from services.store.dossier_rows import Kept
from services.store.looked_up import Page, Within
from workflows.framework import State
from workflows.rights import Action, Reach, Rights, reach

ROUNDS = 8  # pages of the store that are looked through for one page of what somebody may see
OWN_CITIZENS = 500  # of one caseworker


async def frameworks_seen(
    concerned: Concerns,
    rights: Rights,
    *,
    citizen: str | None = None,
    state: State | None = None,
    limit: int = 50,
    after: str | None = None,
) -> Page[tuple[Kept, Matter]]:
    """In the order of their ids, each with what it concerns."""
    far = reach(rights, Action.SEE_FRAMEWORK)
    citizens = await _citizens(concerned, rights, far, citizen)
    units = rights.units if far is Reach.OWN_UNITS and citizen is None else None
    items: list[tuple[Kept, Matter]] = []
    for _ in range(ROUNDS):
        page = await concerned.store.dossiers.listed(
            units=units, citizens=citizens, state=state, limit=limit - len(items), after=after
        )
        await concerned.know({one.dossier.framework.citizen for one in page.items})
        matters = [(one, await concerned.framework(one)) for one in page.items]
        items += [(one, matter) for one, matter in matters if matter.opens_to(rights, Action.SEE_FRAMEWORK)]
        after = page.after
        if after is None or len(items) >= limit:
            break
    return Page(tuple(items), after)


async def _citizens(concerned: Concerns, rights: Rights, far: Reach, citizen: str | None) -> Collection[str] | None:
    if citizen is not None or far is not Reach.OWN_CASES:
        return None if citizen is None else [citizen]
    own = await concerned.store.views.citizens(within=Within(caseworker=rights.address), limit=OWN_CITIZENS)
    return [one.citizen.id for one in own.items]
