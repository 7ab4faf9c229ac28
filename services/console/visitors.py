"""Whom a page with citizens is for."""

from typing import Annotated

from fastapi import Depends

from services.console.allowed import only
from services.console.auth.visitor import Visitor
from workflows.rights import Action

Reader = Annotated[Visitor, Depends(only(Action.SEE_CITIZEN))]
"""Somebody whose role sees citizens at all."""
