"""Addresses that people confirmed, while a register is loaded: a file that knows nothing of an answer takes none back."""

from collections import defaultdict
from collections.abc import Callable

from sqlalchemy import Connection

from services.store import link_rows
from services.store.address_index import address_hash
from workflows.link_answers import Link, NoSuchAnswer, addresses_meant, with_address
from workflows.people import Citizen


class Confirmed:
    """What was confirmed, and what of it ends with this load: ``ended``."""

    def __init__(self, connection: Connection, key: bytes) -> None:
        self.ended: list[Link] = []
        self._key = key
        self._links: dict[str, list[Link]] = defaultdict(list)
        for one in link_rows.confirmed(connection):
            self._links[one.citizen].append(one)

    def kept(self, given: Citizen, stored: Callable[[], Citizen]) -> Citizen:
        """``given`` of the file with what was confirmed of them. It ends where the file knows the one who is meant no more."""
        for link in self._links.get(given.id, ()):
            own = addresses_meant(stored(), link)
            address = next((one for one in own if address_hash(self._key, one) == link.address), None)
            try:
                if address is None:
                    raise NoSuchAnswer("no_address")
                given, _ = with_address(given, link, address)
            except NoSuchAnswer:
                self.ended.append(link)
        return given

    def gone(self, citizens: list[str]) -> None:
        """The file knows these citizens no more."""
        self.ended += [link for one in citizens for link in self._links.get(one, ())]
