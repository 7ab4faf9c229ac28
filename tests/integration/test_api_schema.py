"""The API against its own page, by schemathesis: what it is sent, good or bad, it answers as it says it does."""

import asyncio

import pytest
import schemathesis
from fakes.console import console_running
from fakes.visitors import program
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection

from services.console.auth.throttle import Rate
from services.lifecycle import Lifecycle

EXAMPLES = 5  # of each operation
# Bad data is sent too. What it makes of the token, or adds under a name that nobody reads, is no bad data here.
ENDLESS = "/api/v1/events"  # it goes on until the client leaves; test_api listens to it


@pytest.fixture(scope="module")
async def running(tmp_path_factory):
    async with console_running(tmp_path_factory.mktemp("guard"), mails=True) as running:
        guard = running.guard
        await Lifecycle(guard.settings, guard.store, guard.clock).adopt()
        guard.http.pages.app.state.entrance.strangers = Rate(burst=100_000, per_second=100_000)
        yield running


async def test_the_api_is_as_its_page_says(running):
    lene = await program(running, "lene", "leader")
    headers = {"Authorization": lene.headers["Authorization"]}
    url = f"http://{running.guard.http.address}/api/openapi.json"
    page = await asyncio.to_thread(schemathesis.openapi.from_url, url)
    asked = set()
    for found in page.get_all_operations():
        operation = found.ok()
        if operation.path != ENDLESS:
            asked.add(operation.path)
            good, bad = (operation.as_strategy(generation_mode=one) for one in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE))
            await asyncio.to_thread(_try, good, headers)
            await asyncio.to_thread(_try, bad, headers, [negative_data_rejection])
    await lene.aclose()
    assert {"/api/v1/frameworks/{id}/transitions", "/api/v1/mails/{id}/explain", "/api/v1/citizens/search"} <= asked


def _try(cases, headers, unasked=()):
    @seed(4)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases)
    def each(case):
        case.call_and_validate(headers=headers, excluded_checks=list(unasked))

    each()
