"""``make pictures ARGS=FOLDER``: every page as a picture, in both languages, wide and narrow, by day and by night.

``--only TEXT`` takes the scenes whose name holds it; ``--as da-light`` (or en-dark …) one language and one light.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

from fakes.console import console_running
from fakes.guard import Running
from fakes.looking import WIDTHS, Looking, Opener
from fastapi import Depends, HTTPException
from playwright.async_api import async_playwright

from album.scenes import SCENES, Scene
from album.town import prepared
from services.console.auth.throttle import Rate
from services.console.auth.visitor import visitor

LOOKS = tuple((language, light) for language in ("da", "en") for light in ("light", "dark"))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="album", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--as", dest="look", default="")
    return parser.parse_args()


async def main(folder: Path, only: str, look: str) -> int:
    """Gives how many pages were not as they should be: too wide, or with a complaint of the browser."""
    folder.mkdir(parents=True, exist_ok=True)
    scenes = [one for one in SCENES if only in one.name]
    bad = 0
    with tempfile.TemporaryDirectory() as data:
        async with console_running(Path(data), mails=True) as running, async_playwright() as playwright:
            ready(running)
            found = await prepared(running)
            running.clock.forward(timedelta(minutes=3))
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            opener = Opener(browser, running)
            for language, light in LOOKS:
                for scene in scenes if look in f"{language}-{light}" else ():
                    async with opener(scene.role, language=language, dark=light == "dark") as looking:
                        told = await taken(scene, looking, found, folder / f"{scene.name}-{language}-{light}")
                    bad += bool(told)
                    if told:
                        print(f"{scene.name} {language} {light}: {told}", file=sys.stderr)
            await browser.close()
    return bad


def ready(running: Running) -> None:
    """Pages that fail, for their pictures; and a visitor who looks faster than anybody reads."""
    app = running.guard.http.pages.app  # type: ignore[union-attr]
    entrance = app.state.entrance  # type: ignore[attr-defined]
    entrance.visitors, entrance.strangers = Rate(1e9, 1e9), Rate(1e9, 1e9)

    @app.get("/broken/{code}", dependencies=[Depends(visitor)])  # type: ignore[attr-defined,untyped-decorator]
    async def broken(code: int) -> None:
        if code == 500:
            raise RuntimeError
        raise HTTPException(code)


async def taken(scene: Scene, looking: Looking, found: dict[str, str], to: Path) -> str:
    """Both widths of one scene; what is wrong with it."""
    try:
        await scene.open(looking, found)
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:300]}"
    wrong = []
    for width in WIDTHS:
        await looking.wide(width)
        await looking.page.screenshot(path=f"{to}-{width}.png", full_page=True)
        if (over := await looking.too_wide()) > 0:
            wrong.append(f"{over} pixels too wide on the {width}")
    refused = "status of 4" if "error-" not in scene.name else "status of"  # what is asked wrong is meant to be refused
    wrong += [one for one in looking.complaints if refused not in one and "ERR_ABORTED" not in one]
    return "; ".join(wrong)


if __name__ == "__main__":
    given = arguments()
    sys.exit(min(asyncio.run(main(given.folder, given.only, given.look)), 1))
