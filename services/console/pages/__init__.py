"""The pages, a file each. ``ROUTERS`` are those of the console."""

from fastapi import APIRouter

from services.console.pages import language, live, overview

ROUTERS: tuple[APIRouter, ...] = (language.router, live.router, overview.router)
