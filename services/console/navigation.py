"""What stands in the menu, for whom."""

from dataclasses import dataclass

from services.console.auth.visitor import Visitor
from services.console.words import N_
from workflows.rights import Action, Reach, reach

ROLES = {
    "caseworker": N_("Sagsbehandler"),
    "leader": N_("Leder"),
    "head": N_("Chef"),
    "lawyer": N_("Jurist"),
    "work_environment": N_("Arbejdsmiljørepræsentant"),
    "dpo": N_("Databeskyttelsesrådgiver"),
    "it": N_("IT-drift"),
}


@dataclass(frozen=True, slots=True)
class Item:
    """One way into the console. ``action`` is what it is for; None: everybody's."""

    path: str
    name: str
    icon: str
    action: Action | None = None

    def at(self, path: str) -> bool:
        """Whether ``path`` lies under it."""
        return path == self.path or (self.path != "/" and path.startswith(self.path + "/"))


MENU = (
    Item("/", N_("Overblik"), "overview"),
    Item("/incidents", N_("Hændelser"), "incidents", Action.SEE_INCIDENT),
    Item("/citizens", N_("Borgere"), "citizens", Action.SEE_CITIZEN),
    Item("/mails", N_("Mails"), "mails", Action.SEE_MAIL),
    Item("/posts", N_("Postkasse"), "posts", Action.SEE_POST),
    Item("/statistics", N_("Tal"), "numbers", Action.SEE_STATISTICS),
    Item("/operations", N_("Drift"), "operations", Action.SEE_OPERATIONS),
    Item("/register", N_("Register"), "register", Action.SEE_REGISTER),
    Item("/playbooks", N_("Hjælp lige nu"), "help"),
)
LOW = (Item("/account", N_("Din konto"), "account"),)
BAR = 4  # that a phone has room for beside *Mere*
FIRST = {"caseworker": ("/", "/playbooks", "/posts", "/incidents")}  # other roles need what stands first in MENU


@dataclass(frozen=True, slots=True)
class Waits:
    """How many things on *Mit overblik* wait for a visitor; ``calls`` of them are people who need help now."""

    things: int = 0
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Menu:
    """What a visitor sees: what a phone's bar holds; the rest, and what stands lowest, are behind *Mere* there."""

    bar: tuple[Item, ...] = ()
    rest: tuple[Item, ...] = ()
    low: tuple[Item, ...] = LOW
    waits: Waits = Waits()


def menu_of(visitor: Visitor | None, waits: Waits) -> Menu:
    """The menu of this visitor, the most needed first, with how much waits for them."""
    if visitor is None:
        return Menu()
    first = FIRST.get(visitor.role, ())
    seen = [item for item in MENU if item.action is None or reach(visitor.rights, item.action) is not Reach.NONE]
    seen.sort(key=lambda item: first.index(item.path) if item.path in first else BAR)
    return Menu(tuple(seen[:BAR]), tuple(seen[BAR:]), waits=waits)
