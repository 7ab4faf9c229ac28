"""Every page of the console in every state worth a look: who looks, where, and what they do there first."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from fakes.console import PEOPLE
from fakes.looking import Looking
from playwright.async_api import Page

from album.town import CODED, PASSWORD
from workflows.playbooks import SITUATIONS

Act = Callable[[Page], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Scene:
    """One page. ``path`` may name what ``town.prepared`` found; ``ends`` is the page that the act leads to, where it is another."""

    name: str
    role: str | None
    path: str
    act: Act | None = None
    ends: str = ""

    async def open(self, looking: Looking, found: dict[str, str]) -> None:
        """Go there, and do what is to be done."""
        await looking.open(self.path.format(**found))
        if self.act:
            await self.act(looking.page)
            await looking.page.wait_for_load_state()


def press(selector: str, **fields: str) -> Act:
    """Fill in the fields of these names, and press what the selector finds; the browser lets wrong things pass."""

    async def act(page: Page) -> None:
        await page.evaluate("for (const form of document.forms) form.noValidate = true")
        for name, text in fields.items():
            await page.fill(f"main [name='{name.replace('__', '.')}']", text)
        await page.click(f"main {selector}")

    return act


def hand_in(text: str) -> Act:
    """A register file."""

    async def act(page: Page) -> None:
        await page.set_input_files("#file", {"name": "register.yaml", "mimeType": "text/yaml", "buffer": text.encode()})
        await page.click("main form button:last-child")

    return act


async def hand_in_changed(page: Page) -> None:
    """The register as it is, but for a new name and an employee who has left."""
    answer = await page.request.get(page.url.removesuffix("/import") + "/export")
    lines = (await answer.text()).replace("Karen Karlsen", "Karen Karlsen Holm").splitlines(keepends=True)
    await hand_in("".join(lines))(page)


async def opened_all(page: Page) -> None:
    """Everything that can be unfolded."""
    await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


async def unchosen(page: Page) -> None:
    """A point of the checklist without how it ended."""
    await opened_all(page)
    await press("#police button")(page)


def opened_all_and(then: Act) -> Act:
    """The same, and then something."""

    async def act(page: Page) -> None:
        await opened_all(page)
        await then(page)

    return act


async def printed(page: Page) -> None:
    """As it comes from the printer."""
    await page.emulate_media(media="print")


def first_post(then: Act | None = None) -> Act:
    """What is most urgent in a functional mailbox."""

    async def act(page: Page) -> None:
        await page.click("main .posts a")
        await page.wait_for_load_state()
        if then:
            await then(page)

    return act


def first_mail(then: Act | None = None, row: str = "tr") -> Act:
    """The newest mail of a list, among the rows that are meant."""

    async def act(page: Page) -> None:
        await page.click(f"main tbody :is({row}) a")
        await page.wait_for_load_state()
        if then:
            await then(page)

    return act


THREAT = "tr:has-text('Trussel'), tr:has-text('Threat')"
ALONE, SUPPORTED = "button[formaction$='/original']", "button[formaction$='/support']"


def together(shown: int = 0, *, stops: bool = False) -> Act:
    """A mail is opened with somebody present, who sees this many parts of it, and perhaps stops there."""

    async def act(page: Page) -> None:
        await page.select_option("#present", index=1)
        await press(SUPPORTED, why=REASON)(page)
        await page.wait_for_load_state()
        for number in range(shown):
            await page.locator(".veil summary").nth(number).click()
        if stops:
            await page.click("#stop")

    return act


MOVES = {
    "whole": ("warned", "heard", "decided", "activated_urgently", "rejected"),
    "decided": ("activated",),
    "active": ("due_for_review", "extended", "eased", "lifted", "reconsideration_asked", "registered_in_error"),
}
EMPTY = ("scope", "measures", "time", "letter")
STATES = ("reported", "empty", "whole", "warned", "heard", "waiting", "back", "decided", "active", "urgent", "lifted", "begun")
ERRORS = (401, 403, 404, 405, 410, 413, 422, 429, 500, 503)
REASON = "Borgeren har ringet og spurgt til sin mail."
BROKEN_FILE = "units:\n  - {id: x, name: X, leader: nobody@eksempel.dk}\nemployees: [{address: hej}]\n"

SCENES = (
    *(Scene(f"overview-{one}", one, "/") for one in PEOPLE),
    Scene("login", None, "/"),
    Scene("login-wrong", None, "/login", press("form button.first", address="lene@eksempel.dk", password="forkert adgangskode")),
    Scene("login-code", None, "/login", press("form button.first", address=CODED, password=PASSWORD), "/login/code"),
    Scene("login-kept", "caseworker", "/login/kept"),
    Scene("account", "leader", "/account"),
    Scene("account-done", "leader", "/account?done=password"),
    Scene("account-password", "leader", "/account/password"),
    Scene("account-password-wrong", "leader", "/account/password", press("form button.first", new="kort", again="kort2")),
    Scene("account-code", "leader", "/account/code"),
    Scene("account-code-wrong", "leader", "/account/code", press("form button.first", code="123456")),
    Scene("account-code-off", "dpo", "/account/code"),
    Scene("notices", "leader", "/notices"),
    Scene("notices-seen", "leader", "/notices", press("form button.first")),
    Scene("notices-nothing", "work_environment", "/notices"),
    Scene("notice-link", None, "/n/{seen_link}", None, "/n/{token}"),
    Scene("notice-link-said", None, "/n/{seen_link}", press("form button")),
    Scene("account-notices", "leader", "/account/notices"),
    Scene("account-notices-wrong", "leader", "/account/notices", press("form button.first", **{"quiet-from": "22:00"})),
    Scene("citizens", "leader", "/citizens"),
    Scene("citizens-search", "dpo", "/citizens"),
    Scene("citizens-found", "dpo", "/citizens", press("form button", q="bo")),
    Scene("citizens-nobody", "dpo", "/citizens", press("form button", q="Frederik")),
    Scene("citizen", "leader", "/citizens/c-1001"),
    Scene("citizen-situation-wrong", "leader", "/citizens/c-1001", opened_all_and(press("section:has(#situations) button.first"))),
    Scene("citizen-many", "leader", "/citizens/c-1010"),
    Scene("citizen-caseworker", "caseworker", "/citizens/c-1001"),
    Scene("citizen-why", "dpo", "/citizens/c-1001"),
    Scene("citizen-why-wrong", "dpo", "/citizens/c-1001", press("form button.first")),
    Scene("citizen-dpo", "dpo", "/citizens/c-1001", press("form button.first", why=REASON)),
    Scene("extract", "leader", "/citizens/c-1001/extract"),
    Scene("extract-printed", "leader", "/citizens/c-1001/extract", printed),
    Scene("new", "leader", "/frameworks/new"),
    Scene("new-found", "leader", "/frameworks/new", press("form button.first", q="bo")),
    Scene("new-nobody", "leader", "/frameworks/new", press("form button.first", q="Frederik")),
    Scene("new-of-one", "leader", "/frameworks/new?citizen=c-1001"),
    *(Scene(f"framework-{one}", "leader", f"/frameworks/{{{one}}}") for one in STATES),
    Scene("framework-open", "leader", "/frameworks/{active}", opened_all),
    Scene("framework-loaded", "leader", "/frameworks/f-1"),
    Scene("framework-review", "leader", "/frameworks/f-4"),
    Scene("framework-observed", "leader", "/frameworks/f-5"),
    Scene("framework-suspended", "other_leader", "/frameworks/f-6-suspenderet"),
    Scene("framework-expired", "other_leader", "/frameworks/f-6-udloebet"),
    Scene("framework-caseworker", "caseworker", "/frameworks/f-1"),
    Scene("framework-reconsidered", "head", "/frameworks/{reconsidered}"),
    Scene("framework-past", "leader", "/frameworks/{active}?as_of={day}"),
    Scene("framework-told", "leader", "/frameworks/{decided}?said=made"),
    Scene("framework-moved-on", "leader", "/frameworks/{decided}?said=moved_on"),
    *(
        Scene(f"write-{step}", "leader", f"/frameworks/{{whole}}/write/{step}")
        for step in ("scope", "happenings", "milder", "needs", "measures", "time", "try", "letter")
    ),
    *(Scene(f"write-empty-{step}", "leader", f"/frameworks/{{empty}}/write/{step}") for step in EMPTY),
    Scene("write-wrong", "leader", "/frameworks/{empty}/write/measures", press(".actions button.first", reason="x" * 20_001)),
    Scene("write-sent-back", "leader", "/frameworks/{back}/write/scope"),
    Scene("write-waiting", "leader", "/frameworks/{waiting}/write/scope"),
    *(Scene(f"move-{move}", "leader", f"/frameworks/{{{of}}}/move/{move}") for of, moves in MOVES.items() for move in moves),
    *(
        Scene(f"move-{move}-lacking", "leader", f"/frameworks/{{{of}}}/move/{move}", press("button.first[value=make]"))
        for of, moves in MOVES.items()
        for move in moves
        if move != "heard"  # nothing is missing in it
    ),
    Scene("move-upheld", "head", "/frameworks/{reconsidered}/move/upheld"),
    Scene("move-begun", "leader", "/frameworks/{begun}/move/warned"),
    Scene("move-own-words", "leader", "/frameworks/{whole}/move/warned", opened_all),
    Scene("move-not-mine", "caseworker", "/frameworks/f-1/move/lifted"),
    Scene("approve", "head", "/frameworks/{waiting}/move/approve"),
    Scene("advice", "lawyer", "/frameworks/{asked}/advice"),
    Scene("letter-text", "leader", "/frameworks/{decided}/letters/{letter}/text"),
    Scene("letter-delivered", "leader", "/frameworks/{decided}/letters/{letter}/delivered"),
    Scene("mails", "leader", "/mails"),
    Scene("mails-caseworker", "caseworker", "/mails"),
    Scene("mails-dpo", "dpo", "/mails"),
    Scene("mails-of-one", "leader", "/mails?citizen=c-1001&outcome=redirected"),
    Scene("mails-none", "leader", "/mails?since=2020-01-01&until=2020-01-02"),
    Scene("mails-wrong", "leader", "/mails", press("form button.first", text="Frederik")),
    Scene("mails-which", "dpo", "/mails", press("form button.first", text="holm")),
    Scene("mail", "leader", "/mails?citizen=c-1001", first_mail(), "/mails/{id}"),
    Scene("mail-open", "leader", "/mails?citizen=c-1001&outcome=redirected", first_mail(opened_all)),
    Scene("mail-red", "leader", "/mails?outcome=red", first_mail(row=THREAT)),
    Scene("mail-red-answered", "leader", "/mails?outcome=red", first_mail(press("#signal-threat button"), THREAT), "/mails/{id}"),
    Scene("mail-red-dpo", "dpo", "/mails?outcome=red", first_mail(row=THREAT)),
    Scene("mail-no-reason", "leader", "/mails?citizen=c-1001", first_mail(press(ALONE))),
    Scene("mail-original", "leader", "/mails?citizen=c-1001", first_mail(press(ALONE, why=REASON))),
    Scene("mail-nobody-there", "leader", "/mails?outcome=red", first_mail(press(SUPPORTED, why=REASON), THREAT)),
    Scene("supported", "leader", "/mails?outcome=red", first_mail(together(), THREAT)),
    Scene("supported-shown", "leader", "/mails?outcome=red", first_mail(together(2), THREAT)),
    Scene("supported-stopped", "leader", "/mails?outcome=red", first_mail(together(2, stops=True), THREAT)),
    Scene("link", "leader", "/links/{link_new}", None, "/links/{id}"),
    Scene("link-probable", "leader", "/links/{link_probable}"),
    Scene("link-lawyer", "leader", "/links/{link_lawyer}"),
    Scene("link-confirmed", "leader", "/links/{link_relative}"),
    Scene("link-spoofing", "leader", "/links/{link_spoofing}"),
    Scene("mail-new", "dpo", "/mails/{mail_new}"),
    Scene("mail-spoofing", "leader", "/mails/{mail_spoofing}"),
    Scene("mail-who", "dpo", "/mails/{mail_new}/who", None, "/mails/{id}/who"),
    Scene("mail-who-spoofing", "leader", "/mails/{mail_spoofing}/who"),
    Scene("try", "leader", "/frameworks/{whole}/try"),
    Scene("try-moved", "other_leader", "/frameworks/f-6-udkast/try"),
    Scene("try-nothing", "leader", "/frameworks/f-1/try"),
    Scene("try-lacks", "leader", "/frameworks/{empty}/try"),
    Scene("posts", "leader", "/posts"),
    Scene("posts-caseworker", "caseworker", "/posts"),
    Scene("post", "leader", "/posts", first_post(), "/posts/{id}"),
    Scene("post-open", "leader", "/posts", first_post(opened_all), "/posts/{id}"),
    Scene("numbers", "work_environment", "/statistics"),
    Scene("patterns", "it", "/patterns", opened_all),
    Scene("operations", "it", "/operations"),
    Scene("mailbox", "it", "/operations/mailboxes/{box}"),
    Scene("operations-checked", "it", "/operations", press("#chain ~ form button, section:has(#chain) form button")),
    Scene("register", "it", "/register"),
    Scene("register-employees", "leader", "/register?view=employees"),
    Scene("register-nobody", "leader", "/register?view=employees&q=zzz"),
    Scene("register-open", "leader", "/register?view=open"),
    Scene("import", "it", "/register/import"),
    Scene("import-nothing", "it", "/register/import", press("form button")),
    Scene("import-broken", "it", "/register/import", hand_in(BROKEN_FILE)),
    Scene("import-changes", "it", "/register/import", hand_in_changed),
    Scene("report", "caseworker", "/report"),
    Scene("report-lacking", "caseworker", "/report", press("form button.first")),
    Scene("report-thanks", "caseworker", "/report?said=thanks"),
    Scene("report-open", "caseworker", "/report", opened_all),
    Scene("playbooks", "caseworker", "/playbooks"),
    *(Scene(f"playbook-{one}", "caseworker", f"/playbooks/{one}") for one in SITUATIONS),
    Scene("playbook-printed", "caseworker", "/playbooks/threat_by_mail", printed),
    Scene("incidents", "leader", "/incidents?show=all"),
    Scene("incidents-nothing", "lawyer", "/incidents"),
    Scene("incident", "leader", "/incidents/{incident}"),
    Scene("incident-open", "leader", "/incidents/{incident}", opened_all),
    Scene("incident-reported", "caseworker", "/incidents/{incident}?said=reported"),
    Scene("incident-work-environment", "work_environment", "/incidents/{incident}"),
    Scene("incident-wrong", "leader", "/incidents/{incident}", unchosen),
    Scene("evidence", "leader", "/incidents/{incident}/evidence"),
    Scene("evidence-wrong", "leader", "/incidents/{incident}/evidence", press("form button.first")),
    Scene("assist", "caseworker", "/assist"),
    Scene("assist-leader", "leader", "/assist"),
    Scene("assist-called", "head", "/assist", press(".calls button.first"), "/assist/{id}"),
    Scene("assist-over", "caseworker", "/assist/{call}"),
    Scene("relief-ask", "caseworker", "/relief"),
    Scene("relief-ask-wrong", "caseworker", "/relief", press("form button.first")),
    Scene("relief-asked", "caseworker", "/relief/{relief}?said=asked"),
    Scene("relief-answer", "leader", "/relief/{relief}"),
    *(Scene(f"error-{code}", "leader", f"/broken/{code}") for code in ERRORS),
    Scene("style", "leader", "/style"),
)
