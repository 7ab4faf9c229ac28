"""Mails of unknown senders that are probably somebody's of the sample municipality, and the questions that they raise."""

from email.header import Header

from fakes.guard import Running, mail

from workflows.link_answers import Link

NEW = "bo.b.1970@gmail.com"
BODY = "Det drejer sig om sag s-77.\r\n\r\nVenlig hilsen\r\n{}\r\n"
KAREN = "karen@eksempel.dk"
FROM = {
    "new": ("Bo Borger", NEW),
    "lawyer": ("Ada Advokat", "advokat.ada@gmail.com"),
    "relative": ("Sofie Borger", "sofie.b@gmail.com"),
}


def from_somebody(name: str, address: str, number: int, *, thread: str = "") -> bytes:
    """A mail about case s-77 that is signed with ``name``."""
    extra = f"In-Reply-To: {thread}\r\n" if thread else ""
    made = mail(f"<likely-{number}@gmail.com>", address, body=BODY.format(name), extra=extra)
    return made.replace(f"From: <{address}>".encode(), f"From: {Header(name, 'utf-8').encode()} <{address}>".encode())


async def likely(running: Running) -> dict[str, Link]:
    """The questions: the citizen's own ``new`` address, their ``lawyer``'s, a ``relative``'s.

    Of the sample mails there are ``probable`` and ``spoofing``.
    """
    await running.send(mail("<thread@example.net>"), KAREN)
    for number, (name, address) in enumerate(FROM.values()):
        thread = "<thread@example.net>" if address == NEW else ""
        assert (await running.send(from_somebody(name, address, number, thread=thread), KAREN, sender=address)).startswith("250")
    await running.assessed()
    store = running.guard.store
    asked = await store.identity.of_citizen("c-1001")
    named = {store.identity.address(address): name for name, (_, address) in FROM.items()}
    return {named.get(one.address, "spoofing" if one.about == "spoofing" else "probable"): one for one in asked}
