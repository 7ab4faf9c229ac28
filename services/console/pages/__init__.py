"""The pages, a file each. ``ROUTERS`` are those of the console."""

from fastapi import APIRouter

from services.console.pages import account, framework_moves, frameworks, language, live, login, operations, overview, register

ROUTERS: tuple[APIRouter, ...] = (
    account.router,
    framework_moves.router,
    frameworks.router,
    language.router,
    live.router,
    login.router,
    operations.router,
    overview.router,
    register.router,
)
