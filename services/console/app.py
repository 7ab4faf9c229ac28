"""The console: the pages' routers, its own files, and what a visitor is told when something is wrong."""

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from services.console import api
from services.console.auth.access import Access
from services.console.auth.entrance import Entrance
from services.console.auth.scopes import API_PAGE
from services.console.context import Console
from services.console.errors import Failures, handle
from services.console.headers import Headers
from services.console.notices import count_unseen
from services.console.numbers import Counting
from services.console.pages import ROUTERS
from services.console.problems import describe
from services.console.tasks import noted
from services.console.web import STATIC
from services.playbook_texts import playbooks
from services.working_hours import working_hours


def create_app(console: Console) -> FastAPI:
    """The application. Middleware that is added last is met first by a request."""
    app = FastAPI(title="Rammevagt", docs_url=None, redoc_url=None, openapi_url=API_PAGE)
    app.state.console = console
    app.state.entrance = Entrance(console.settings, console.store, console.clock)
    playbooks(console.settings.playbooks.folder)  # what is wrong with them is told at once, not when somebody needs them
    app.state.counting = Counting(console.store, console.clock, working_hours(console.settings))
    handle(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[Depends(noted), Depends(count_unseen)], include_in_schema=False)
    app.include_router(api.router)
    describe(app)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_middleware(Access)
    app.add_middleware(Failures)
    app.add_middleware(Headers)
    return app
