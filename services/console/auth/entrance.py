"""The parts that let people in, made once for the console."""

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from services.clock import Clock
from services.console.auth.door import Door
from services.console.auth.kept import Kept
from services.console.auth.oidc import Provider
from services.console.auth.passwords import Passwords
from services.console.auth.site import Site
from services.console.auth.throttle import Few, Rate
from services.console.auth.tokens import Tokens
from services.settings import Settings
from services.store.sql_store import SqlStore

SESSION = "sid"


class Entrance:
    """Everything between a browser and a page."""

    def __init__(self, settings: Settings, store: SqlStore, clock: Clock, passwords: Passwords | None = None) -> None:
        console = settings.console
        self.clock = clock
        self.users = store.users
        self.audit = store.append_audit
        self.organisation = store.organisation
        self.local = console.local_login
        self.site = Site(console)
        self.door = Door(store, clock, passwords)
        self.kept = Kept(store, self.door, clock)
        self.tokens = Tokens(store, clock)
        self.provider = Provider(console.oidc, self.door.sealer, clock) if console.oidc else None
        self.visitors = Rate(burst=300, per_second=10)
        self.strangers = Rate(burst=600, per_second=20)  # a whole town hall may come from one address
        self._noted: Few[bool] = Few()

    def first_time(self, session: str) -> bool:
        """Whether nobody was told of this session yet."""
        new = self._noted.get(session) is None
        self._noted.put(session, True)
        return new

    def cookie_of(self, request: Request, name: str = SESSION) -> str | None:
        """What the browser shows."""
        return request.cookies.get(self.site.cookie(name))

    def set_cookie(self, answer: Response, value: str, name: str = SESSION, lasts: timedelta | None = None) -> None:
        """Have the browser show ``value``, until it is closed or for so long: to us alone, and to no script."""
        age = int(lasts.total_seconds()) if lasts else None
        answer.set_cookie(self.site.cookie(name), value, age, path="/", secure=self.site.secure, httponly=True, samesite="lax")

    def drop_cookie(self, answer: Response, name: str = SESSION) -> None:
        """Have the browser forget it."""
        answer.delete_cookie(self.site.cookie(name), path="/", secure=self.site.secure, httponly=True, samesite="lax")


def entrance_of(request: Request) -> Entrance:
    """The entrance of the console that answers ``request``."""
    found = request.app.state.entrance
    assert isinstance(found, Entrance)
    return found
