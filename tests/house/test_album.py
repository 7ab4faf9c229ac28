"""Every page is in the album, so that somebody has looked at it."""

from album.scenes import SCENES

from services.console.pages import ROUTERS

NO_PAGES = {  # what these answer is no page
    "/citizens/{id}/extract.json",
    "/frameworks/{id}/letters/{letter}",
    "/frameworks/{id}/preview",
    "/language/{language}",
    "/live",
    "/login/oidc",
    "/login/oidc/back",
    "/register/export",
}


def test_every_page_is_in_the_album():
    shown = {one.path.partition("?")[0].replace("{", "").replace("}", "") for one in SCENES} | {one.ends for one in SCENES}
    routes = [route for router in ROUTERS for route in router.routes if "GET" in route.methods and route.path not in NO_PAGES]
    missing = [one.path for one in routes if one.path not in shown and not any(one.path_regex.match(path) for path in shown)]
    assert missing == [], "add them to tests/album/scenes.py, and look at them: make pictures ARGS=FOLDER"


def test_no_two_pictures_have_one_name():
    names = [one.name for one in SCENES]
    assert sorted(set(names)) == sorted(names)
