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
    Item("/citizens", N_("Borgere"), "citizens", Action.SEE_CITIZEN),
    Item("/mails", N_("Mails"), "mails", Action.SEE_MAIL),
    Item("/incidents", N_("Hændelser"), "incidents", Action.SEE_INCIDENT),
    Item("/posts", N_("Postkasse"), "posts", Action.SEE_POST),
    Item("/statistics", N_("Tal"), "numbers", Action.SEE_STATISTICS),
    Item("/register", N_("Register"), "register", Action.SEE_REGISTER),
    Item("/operations", N_("Drift"), "operations", Action.SEE_OPERATIONS),
)


def menu_of(visitor: Visitor | None) -> tuple[Item, ...]:
    """The menu that this visitor sees."""
    return tuple(item for item in MENU if visitor and (item.action is None or reach(visitor.rights, item.action) is not Reach.NONE))
