"""The API for programs, under ``/api/v1``: what pages show and do, with the same rights, and the same record of who looked."""

from fastapi import APIRouter

from services.console.api import (
    assist,
    citizens,
    events,
    frameworks,
    incidents,
    letters,
    links,
    mails,
    notifications,
    posts,
    relief,
    signals,
    situations,
    statistics,
    transitions,
)
from services.console.problems import PROBLEMS

PARTS = (
    citizens,
    frameworks,
    transitions,
    letters,
    links,
    mails,
    notifications,
    posts,
    signals,
    situations,
    incidents,
    assist,
    relief,
    statistics,
    events,
)
router = APIRouter(prefix="/api/v1", responses=PROBLEMS)
for part in PARTS:
    router.include_router(part.router)
