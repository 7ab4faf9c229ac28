"""Dossiers looked up together: what a list names, in one query or two."""

from collections import defaultdict
from collections.abc import Collection

from sqlalchemy import Connection, select

from services.store.columns import text_in
from services.store.dossier_rows import BOTH, Kept, framework, kept, newest, own, removed
from services.store.unit_of_work import batched


def named(connection: Connection, ids: Collection[str]) -> dict[str, Kept]:
    """These frameworks' dossiers by id; those that there are."""
    found: dict[str, Kept] = {}
    for some in batched(map(text_in, ids)):
        found |= {row.id: kept(row) for row in connection.execute(newest().where(framework.id.in_(some)))}
        gone = [id for id in some if id not in found]
        mine = connection.execute(select(*BOTH).where(own.framework.in_(gone), own.current == 1)) if gone else ()
        found |= {row.framework: removed(row) for row in mine}
    return found


def of_citizens(connection: Connection, citizens: Collection[str]) -> dict[str, tuple[Kept, ...]]:
    """All of each one's, also those that ``load`` has removed, in the order of their ids."""
    found: dict[str, dict[str, Kept]] = defaultdict(dict)
    for some in batched(map(text_in, citizens)):
        for row in connection.execute(newest().where(framework.citizen.in_(some))):
            one = kept(row)
            found[one.dossier.framework.citizen][row.id] = one
        for row in connection.execute(select(*BOTH, own.citizen).where(own.citizen.in_(some), own.current == 1)):
            if row.framework not in found[row.citizen]:
                found[row.citizen][row.framework] = removed(row)
    return {citizen: tuple(one for _, one in sorted(theirs.items())) for citizen, theirs in found.items()}
