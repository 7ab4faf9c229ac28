"""A store that is opened again knows every registered address, whatever its key (law 3 needs all of them, or none)."""

import pytest
from fakes.arrivals import SetClock, entry, register

from services.settings import Settings
from services.store.open import open_store
from services.store.register_tables import addresses_of


@pytest.mark.parametrize("citizens", [1, 2, 40])
async def test_every_address_is_found_after_a_start(tmp_path, citizens):
    known = register(citizens)
    store = await open_store(Settings(data=tmp_path), SetClock())
    await store.load_register(known, entry("register.loaded", "register"))
    await store.close()
    store = await open_store(Settings(data=tmp_path), SetClock())
    try:
        await store.refresh()
        for citizen in known.citizens:
            for address in addresses_of(citizen):
                assert [file.citizen.id for file in await store.files_of({address})] == [citizen.id]
    finally:
        await store.close()
