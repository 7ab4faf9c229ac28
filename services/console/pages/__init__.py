"""The pages, a file each. ``ROUTERS`` are those of the console."""

from fastapi import APIRouter

from services.console.pages import language, live, operations, overview, register

ROUTERS: tuple[APIRouter, ...] = (language.router, live.router, operations.router, overview.router, register.router)
