"""Tries one framework on past mail, in a process of its own (``python -m services.trying_child``, see ``services.aside_child``)."""

from datetime import date

from services.aside_child import Asked, main
from services.trying import OVERVIEW, try_framework
from workflows.framework import ContactFramework
from workflows.trial import overview


async def tried(asked: Asked) -> bytes:
    """The overview as JSON."""
    draft, units = ContactFramework.model_validate(asked.asked["draft"]), asked.asked["units"]
    found = await try_framework(asked.store, asked.settings, draft, date.fromisoformat(asked.asked["since"]))
    return OVERVIEW.dump_json(overview(found, asked.store.organisation(), units))


if __name__ == "__main__":
    main(tried)
