"""The pages, a file each. ``ROUTERS`` are those of the console."""

from fastapi import APIRouter

from services.console.pages import account, language, live, login, operations, overview, register

ROUTERS: tuple[APIRouter, ...] = (
    account.router,
    language.router,
    live.router,
    login.router,
    operations.router,
    overview.router,
    register.router,
)
