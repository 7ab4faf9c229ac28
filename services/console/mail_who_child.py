"""Compares one mail with whom its words may be of, in a process of its own (``python -m services.console.mail_who_child``, see
``services.aside_child``): it reads a body.
"""

import json

from services.aside_child import Asked, main
from services.identity_words import load
from services.who_wrote import who_wrote, wire_of


async def who(asked: Asked) -> bytes:
    """A list as ``rammevagt who --json`` gives it; null where the mail's words are gone."""
    stored = await asked.store.mail(asked.asked["mail"])
    if stored is None or stored.content is None:
        return b"null"
    content = stored.content if isinstance(stored.content, bytes) else stored.content.read_bytes()
    found = await who_wrote(asked.store, asked.settings, content)
    return json.dumps([wire_of(one, load()) for one, _ in found]).encode("ascii")


if __name__ == "__main__":
    main(who)
