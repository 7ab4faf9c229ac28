"""The visitor of a request."""

from dataclasses import dataclass

from fastapi import HTTPException
from starlette.requests import Request

from services.store.account_values import UserAccount
from workflows.facts import Organisation
from workflows.rights import Rights, UserRole, units_of


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page. ``units`` are those they lead, head, deputise for or work in."""

    account: str
    address: str
    name: str
    role: str
    units: frozenset[str]
    language: str
    csrf: str
    session: str = ""  # its hash
    token: str = ""  # the id of the token, where a program asks
    temporary: bool = False  # a new password has to be chosen first

    @property
    def rights(self) -> Rights:
        """What ``workflows.rights`` asks for."""
        return Rights(UserRole(self.role), self.address, self.units)


async def visitor(request: Request) -> Visitor:
    """The visitor of ``request``; nobody comes in without having logged in."""
    found = getattr(request.state, "visitor", None)
    if not isinstance(found, Visitor):
        raise HTTPException(401)
    return found


def visitor_from(
    account: UserAccount, organisation: Organisation, *, csrf: str = "", session: str = "", token: str = ""
) -> Visitor:
    """The visitor whose account this is, with the units that the register gives them now."""
    return Visitor(
        account=account.id,
        address=account.address,
        name=account.name,
        role=account.role,
        units=units_of(organisation, account.address) | frozenset(account.units),
        language=account.language,
        csrf=csrf,
        session=session,
        token=token,
        temporary=account.temporary,
    )
