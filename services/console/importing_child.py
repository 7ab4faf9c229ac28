"""Reads a register file that somebody handed in, in a process of its own (``python -m services.console.importing_child``, see
``services.aside_child``): YAML of megabytes takes seconds.
"""

from services.aside_child import Asked, main
from services.bad_input import BadInput
from services.console.importing import PROPOSAL, Proposal, changes, check_own_side, read_own_side
from services.store.own_side import resting_on
from workflows.faults import MOST


async def read(asked: Asked) -> bytes:
    """What the file asks for, as JSON."""
    try:
        return PROPOSAL.dump_json(await _proposal(asked, asked.asked["name"]), by_alias=True)
    except BadInput as error:
        return PROPOSAL.dump_json(Proposal(faults=error.lines))


async def _proposal(asked: Asked, name: str) -> Proposal:
    given = read_own_side(name, asked.content, asked.settings)
    stored = await resting_on(asked.store, given, MOST + 1)
    check_own_side(name, given, asked.settings, stored)
    return Proposal(changes(stored, given), given)


if __name__ == "__main__":
    main(read)
