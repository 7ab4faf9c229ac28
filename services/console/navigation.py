"""What stands in the menu, for whom."""

from dataclasses import dataclass

from services.console.auth.visitor import Visitor
from services.console.words import N_

ROLES = {
    "caseworker": N_("Sagsbehandler"),
    "leader": N_("Leder"),
    "head": N_("Chef"),
    "lawyer": N_("Jurist"),
    "work_environment": N_("Arbejdsmiljørepræsentant"),
    "dpo": N_("Databeskyttelsesrådgiver"),
    "it": N_("IT-drift"),
}
_WITH_CITIZENS = frozenset(ROLES) - {"work_environment", "it"}


@dataclass(frozen=True, slots=True)
class Item:
    """One way into the console."""

    path: str
    name: str
    icon: str
    roles: frozenset[str]

    def at(self, path: str) -> bool:
        """Whether ``path`` lies under it."""
        return path == self.path or (self.path != "/" and path.startswith(self.path + "/"))


MENU = (
    Item("/", N_("Overblik"), "overview", frozenset(ROLES)),
    Item("/citizens", N_("Borgere"), "citizens", _WITH_CITIZENS),
    Item("/mails", N_("Mails"), "mails", _WITH_CITIZENS),
    Item("/register", N_("Register"), "register", frozenset({"it", "dpo", "leader", "head"})),
    Item("/operations", N_("Drift"), "operations", frozenset({"it"})),
)


def menu_of(visitor: Visitor | None) -> tuple[Item, ...]:
    """The menu that this visitor sees."""
    return tuple(item for item in MENU if visitor and visitor.role in item.roles)
