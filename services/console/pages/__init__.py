"""The pages, a file each. ``ROUTERS`` are those of the console."""

from fastapi import APIRouter

from services.console.pages import (
    account,
    citizens,
    framework_approval,
    framework_letters,
    framework_moves,
    framework_new,
    framework_writing,
    frameworks,
    language,
    live,
    login,
    mails,
    numbers,
    operations,
    overview,
    posts,
    register,
    report,
    trying,
)

ROUTERS: tuple[APIRouter, ...] = (
    account.router,
    citizens.router,
    framework_approval.router,
    framework_letters.router,
    framework_moves.router,
    framework_new.router,
    framework_writing.router,
    frameworks.router,
    language.router,
    live.router,
    login.router,
    mails.router,
    numbers.router,
    operations.router,
    overview.router,
    posts.router,
    register.router,
    report.router,
    trying.router,
)
