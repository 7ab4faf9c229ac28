"""The pages, a file each. ``ROUTERS`` are those of the console."""

from fastapi import APIRouter

from services.console.pages import language, overview

ROUTERS: tuple[APIRouter, ...] = (language.router, overview.router)
