"""Every page, in both languages, at desktop and phone width: usable by everybody, without complaints, and not too wide."""

import pytest

pytestmark = pytest.mark.needs("chromium")
PAGES = {"overview": ("leader", "/"), "style": ("leader", "/style"), "missing": ("leader", "/nowhere"), "stranger": (None, "/")}


@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("language", ["da", "en"])
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_sound(browser, name, language, width):
    role, path = PAGES[name]
    async with browser(role, language=language, width=width) as looking:
        await looking.open(path)
        await looking.picture(name)
        assert await looking.axe() == []
        assert await looking.too_wide() <= 0
        refused = {"missing": "404", "stranger": "401"}.get(name)
        assert [one for one in looking.complaints if not (refused and refused in one)] == []


@pytest.mark.parametrize("width", ["desktop", "phone"])
@pytest.mark.parametrize("name", PAGES)
async def test_a_page_is_sound_in_the_dark(browser, name, width):
    role, path = PAGES[name]
    async with browser(role, width=width, dark=True) as looking:
        await looking.open(path)
        await looking.picture(name)
        assert await looking.axe() == []
