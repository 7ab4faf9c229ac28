"""One cluster of three NATS servers for all the tests of this folder that want one: its first election takes five seconds."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from fakes.nats import NatsCluster


@pytest_asyncio.fixture(scope="session")
async def servers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NatsCluster]:
    cluster = NatsCluster(Path(tmp_path_factory.mktemp("cluster")))
    await cluster.up()
    yield cluster
    cluster.kill()


@pytest_asyncio.fixture
async def cluster(servers: NatsCluster) -> NatsCluster:
    """Three servers that run and hold nothing, whatever the test before did to them."""
    await servers.up()
    await servers.empty()
    return servers
