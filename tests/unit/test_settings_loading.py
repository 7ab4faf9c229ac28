"""Settings: precedence, and every fault at once with its place and its mend."""

import re
import tomllib
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.bad_input import BadInput
from services.settings import NoticeChannel, Oidc, Settings, Webhook
from services.settings_checks import machine_faults, notes_on
from services.settings_loading import load_settings
from services.toml_lines import lines_of

TODAY = date(2026, 11, 23)
CONFIG = Path(__file__).parents[2] / "config" / "rammevagt.toml"


def load(tmp_path, toml="", environ=None, data=None):
    file = tmp_path / "r.toml"
    file.write_text(toml, encoding="utf-8")
    return load_settings(file, environ or {}, data)


OIDC = '[console.oidc]\nissuer = "{}"\nclient_id = "r"\nroles = {{x = "{}"}}\n'


def faults(tmp_path, toml="", **environ):
    with pytest.raises(BadInput) as found:
        load(tmp_path, toml, environ)
    return [line.replace(f"{tmp_path}/", "") for line in found.value.lines]


def test_nothing_given_means_defaults():
    assert load_settings(None, {}) == Settings()


def test_the_documented_file_holds_the_defaults():
    assert load_settings(CONFIG, {}) == Settings()


def test_the_documented_file_names_every_setting():
    text = CONFIG.read_text(encoding="utf-8")
    written = tomllib.loads(text)
    for section, field in Settings.model_fields.items():
        if section in ("data", "mailboxes", "webhooks"):
            continue
        names = {one.alias or name for name, one in field.annotation.model_fields.items()}
        assert written[section].keys() == names - {"oidc", "channels"}, section
    single_sign_on = re.search(r"(?m)^# \[console\.oidc\]\n(# \w+ = .*\n)+", text)[0]
    assert tomllib.loads(re.sub("(?m)^# ", "", single_sign_on))["console"]["oidc"].keys() == Oidc.model_fields.keys()
    example = tomllib.loads("".join(line.removeprefix("# ") + "\n" for line in text.rpartition("by default.\n")[2].splitlines()))
    for name in Settings.model_fields["mailboxes"].annotation.__args__[0].model_fields:
        assert name in example["mailboxes"][0]
    hooks = tomllib.loads(re.sub("(?m)^# ?", "", re.search(r"(?m)^# \[\[webhooks\]\]\n(# .*\n)+", text)[0]))
    assert hooks["webhooks"][0].keys() == Webhook.model_fields.keys()
    channels = tomllib.loads(re.sub("(?m)^# ?", "", re.search(r"(?m)^# \[\[notifications\.channels\]\]\n(# .*\n)+", text)[0]))
    assert channels["notifications"]["channels"][0].keys() == NoticeChannel.model_fields.keys()


def test_option_before_environment_before_file_before_default(tmp_path):
    toml = '[gateway]\nlisten = "127.0.0.1:1"\nhostname = "file"\nmax_connections = 5\n'
    environ = {"RAMMEVAGT_GATEWAY__LISTEN": "127.0.0.1:2", "RAMMEVAGT_DATA": "/from/environment"}
    settings = load(tmp_path, toml, environ)
    assert (settings.gateway.listen, settings.gateway.hostname, settings.gateway.max_connections) == ("127.0.0.1:2", "file", 5)
    assert settings.gateway.authentication == "if_present"
    assert settings.data == Path("/from/environment")
    assert load(tmp_path, toml, environ, Path("/from/option")).data == Path("/from/option")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RAMMEVAGT_MUNICIPALITY__DOMAINS", '["a.dk", "BÆK.dk"]', ("a.dk", "xn--bk-1ia.dk")),
        ("RAMMEVAGT_GATEWAY__REQUIRE_TLS", "false", False),
        ("RAMMEVAGT_RETENTION__BODIES", "12", 12),
        ("RAMMEVAGT_NOTIFICATIONS__WORKING_HOURS__FROM", "07:30", "07:30"),
        ("RAMMEVAGT_NOTIFICATIONS__WORKING_HOURS", '{"from": "07:30"}', "07:30"),
        ("RAMMEVAGT_CONSOLE", '{"listen": "[::1]:80", "public_url": "http://127.0.0.1:80"}', "[::1]:80"),
    ],
)
def test_environment_variables(name, value, expected):
    settings = load_settings(None, {name: value})
    found = {
        "RAMMEVAGT_MUNICIPALITY__DOMAINS": settings.municipality.domains,
        "RAMMEVAGT_GATEWAY__REQUIRE_TLS": settings.gateway.require_tls,
        "RAMMEVAGT_RETENTION__BODIES": settings.retention.bodies,
        "RAMMEVAGT_NOTIFICATIONS__WORKING_HOURS__FROM": settings.notifications.working_hours.from_,
        "RAMMEVAGT_NOTIFICATIONS__WORKING_HOURS": settings.notifications.working_hours.from_,
        "RAMMEVAGT_CONSOLE": settings.console.listen,
    }
    assert found[name] == expected


def test_a_list_of_tables_comes_as_json():
    settings = load_settings(None, {"RAMMEVAGT_MAILBOXES": '[{"address": "a@eksempel.dk", "host": "i:993", "user": "a"}]'})
    assert settings.mailboxes[0].answer_within_days == 5


def test_names_that_others_give_to_the_environment_are_left_alone():
    assert load_settings(None, {"RAMMEVAGT_SERVICE_HOST": "10.0.0.1", "RAMMEVAGT_PORT_2525_TCP": "x"}) == Settings()


def test_the_guards_own_names_follow_the_first_domain(tmp_path):
    settings = load(tmp_path, '[municipality]\ndomains = ["silkeborg.dk", "eksempel.dk"]\n')
    assert (settings.delivery.bounce_domain, settings.notifications.sender) == ("rammevagt.silkeborg.dk", "rammevagt@silkeborg.dk")


HOST_PORT = "write HOST:PORT, such as 127.0.0.1:2525 or [::1]:2525"


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('[gateway]\nlisten = "nowhere"\n', f"r.toml:2: gateway.listen: {HOST_PORT}"),
        ('[gateway]\nlisten = "a:99999"\n', f"r.toml:2: gateway.listen: {HOST_PORT}"),
        ('[gateway]\n\nlmtp_listen = "x"\n', f"r.toml:3: gateway.lmtp_listen: {HOST_PORT}"),
        ("[gateway]\nlisten = 2525\n", "r.toml:2: gateway.listen: write a text, in quotes"),
        ("[gateway]\nlisten_on = 1\n", 'r.toml:2: gateway.listen_on: is not known here; did you mean "listen"?'),
        ("[galeway]\nx = 1\n", 'r.toml:1: galeway: is not known here; did you mean "gateway"?'),
        (
            '[gateway]\ntrusted_clients = ["10.0.0.1/8"]\n',
            "r.toml:2: gateway.trusted_clients[0]: write a network, such as 10.0.0.0/8 or 192.0.2.25/32",
        ),
        ("[municipality]\ndomains = []\n", "r.toml:2: municipality.domains: needs at least one entry"),
        ('[municipality]\ndomains = ["dk"]\n', "r.toml:2: municipality.domains[0]: write a domain, such as eksempel.dk"),
        ('[delivery]\ntls = "yes"\n', 'r.toml:2: delivery.tls: "yes" is none of auto, verify, implicit, none'),
        ("[retention]\nbodies = 0\n", "r.toml:2: retention.bodies: write a number of at least 1"),
        ("[delivery]\nconnections = 501\n", "r.toml:2: delivery.connections: write a number of at most 500"),
        ('[gateway]\nrequire_tls = "maybe"\n', "r.toml:2: gateway.require_tls: write true or false"),
        (
            "[notifications]\nworking_hours = {from = 08:00:00}\n",
            "r.toml:2: notifications.working_hours.from: write a text, in quotes",
        ),
        ('[notifications]\nclosing_days = ["02-31"]\n', "r.toml:2: notifications.closing_days[0]: is no day of the year"),
        ('[[mailboxes]]\naddress = "a@eksempel.dk"\nhost = "h:1"\n', "r.toml:1: mailboxes[0].user: is missing"),
        ('data = "x"\n', "r.toml: data: is no setting of the file; use --data or RAMMEVAGT_DATA"),
        ("[gateway\n", "r.toml:1: this is not TOML: "),
        # what must fit together
        ("[gateway]\nrequire_tls = true\n", "r.toml:2: gateway.require_tls: needs gateway.tls_certificate and gateway.tls_key"),
        ('[gateway]\ntls_key = "k"\n', "r.toml:1: gateway.tls_certificate: is missing; a certificate and its key go together"),
        (
            '[delivery]\nnext_hop = "mail.eksempel.dk:25"\ntls = "none"\n',
            'r.toml:3: delivery.tls: "none" is for hops on this machine',
        ),
        ('[delivery]\nnext_hop = "127.0.0.1:2525"\n', "r.toml:2: delivery.next_hop: is the guard's own listener"),
        ('[delivery]\nnext_hop = "localhost:2525"\n', "r.toml:2: delivery.next_hop: is the guard's own listener"),
        (
            '[gateway]\nlisten = "0.0.0.0:25"\n[delivery]\ninternet_hop = "127.0.0.1:25"\n',
            "r.toml:4: delivery.internet_hop: is the guard's own listener",
        ),
        ('[console]\nlisten = "127.0.0.1:2525"\n', "r.toml:2: console.listen: is taken by gateway.listen"),
        (
            '[delivery]\nbounce_domain = "Eksempel.DK"\n',
            "r.toml:2: delivery.bounce_domain: is a domain of the municipality's own mail",
        ),
        (
            '[notifications]\nsender = "x@gmail.com"\n',
            "r.toml:2: notifications.sender: is not in municipality.domains (eksempel.dk)",
        ),
        (
            '[notifications]\nworking_hours = {from = "16:00", to = "16:00"}\n',
            "r.toml:2: notifications.working_hours.to: must be later",
        ),
        ('[events]\nurl = "localhost:4222"\n', "r.toml:2: events.url: write the broker's address"),
        ('[console]\npublic_url = "https://x.dk/"\n', "r.toml:2: console.public_url: write scheme and host alone"),
        ('[console]\npublic_url = "http://x.dk:80"\n', "r.toml:2: console.public_url: must begin with https://"),
        ("[console]\nlocal_login = false\n", "r.toml:2: console.local_login: without [console.oidc] nobody could log in"),
        (OIDC.format("http://login.eksempel.dk", "leader"), "r.toml:2: console.oidc.issuer: must begin with https://"),
        (OIDC.format("login.eksempel.dk", "leader"), "r.toml:2: console.oidc.issuer: write the address that the provider names"),
        (
            '[signals]\noff = ["insult.wishes"]\n',
            'r.toml:2: signals.off[0]: there is no pattern "insult.wishes"; did you mean "ins',
        ),
        ('[signals]\noff = ["self_harm"]\n', "r.toml:2: signals.off: leaves nothing red of self_harm"),
        ('[signals]\nyellow = {threat = "none"}\n', 'r.toml:2: signals.yellow: "threat" may be somebody in danger'),
        ('[signals]\nyellow = {criticism = "now"}\n', 'r.toml:2: signals.yellow: "criticism" is grey'),
        ('[signals]\nyellow = {insult = "never"}\n', 'r.toml:2: signals.yellow: "never" is none of'),
        ('[signals]\nyellow = {insults = "now"}\n', 'r.toml:2: signals.yellow: "insults" is none of'),
        ("[signals]\nvolume_a_day = 1\n", "r.toml:2: signals.volume_a_day: "),
        (OIDC.format("https://login.eksempel.dk", "boss"), 'r.toml:4: console.oidc.roles: "boss" is none of caseworker, leader,'),
    ],
)
def test_a_fault_names_file_line_setting_and_mend(tmp_path, toml, expected):
    lines = faults(tmp_path, toml)
    assert len(lines) == 1, lines
    assert lines[0].startswith(expected)


def test_every_fault_of_every_source_is_named_at_once(tmp_path):
    lines = faults(
        tmp_path,
        '[gateway]\nlisten = 1\n[delivery]\nbounce_domain = "eksempel.dk"\nconnection = 3\n',
        RAMMEVAGT_RETENTION__FACTS="none",
        RAMMEVAGT_GATEWAY__TRUSTED_CLIENTS="127.0.0.1",
        RAMMEVAGT_GATEWAY__NAME="x",
        RAMMEVAGT_GATEWAY_HOSTNAME="x",
    )
    assert sorted(lines) == [
        "environment RAMMEVAGT_GATEWAY_HOSTNAME: write RAMMEVAGT_GATEWAY__HOSTNAME, with two underscores between section and key",
        'environment RAMMEVAGT_GATEWAY__NAME: is no setting; did you mean "gateway.hostname"?',
        'environment RAMMEVAGT_GATEWAY__TRUSTED_CLIENTS: write it as JSON, such as ["eksempel.dk"]',
        "environment RAMMEVAGT_RETENTION__FACTS: retention.facts: write a whole number",
        "r.toml:2: gateway.listen: write a text, in quotes",
        "r.toml:4: delivery.bounce_domain: is a domain of the municipality's own mail; "
        "give the guard one of its own, such as rammevagt.eksempel.dk",
        'r.toml:5: delivery.connection: is not known here; did you mean "connections"?',
    ]


def test_a_setting_that_cannot_be_read_makes_no_second_fault(tmp_path):
    assert faults(tmp_path, '[municipality]\ndomains = ["x"]\n[notifications]\nsender = "a@silkeborg.dk"\n') == [
        "r.toml:2: municipality.domains[0]: write a domain, such as eksempel.dk"
    ]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput) as found:
        load_settings(tmp_path / "no.toml", {})
    assert found.value.lines == (f"{tmp_path}/no.toml: can't be read: No such file or directory",)


def test_a_file_that_is_not_text(tmp_path):
    (tmp_path / "b.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BadInput, match="this is not UTF-8"):
        load_settings(tmp_path / "b.toml", {})


@given(
    st.dictionaries(
        st.sampled_from(["GATEWAY", "GATEWAY__LISTEN", "MUNICIPALITY__DOMAINS", "MAILBOXES", "LOG__LEVEL__X", "__", ""]), st.text()
    )
)
def test_no_environment_makes_a_traceback(environ):
    try:
        load_settings(None, {f"RAMMEVAGT_{name}": value for name, value in environ.items()})
    except BadInput as error:
        assert error.lines


@given(st.text())
def test_lines_of_any_text(text):
    assert all(line >= 1 for line in lines_of(text).values())


def test_machine_faults_name_the_files(tmp_path):
    settings = load(
        tmp_path,
        f'[gateway]\ntls_certificate = "{tmp_path}/c.pem"\ntls_key = "{tmp_path}/k.pem"\n[events]\ntoken_file = "{tmp_path}/t"\n',
    )
    assert [fault.path for fault in machine_faults(settings, TODAY)] == [
        ("gateway", "tls_certificate"),
        ("gateway", "tls_key"),
        ("events", "token_file"),
    ]
    for name in ("c.pem", "k.pem", "t"):
        (tmp_path / name).write_text("no certificate")
    (fault,) = machine_faults(settings, TODAY)
    assert fault.path == ("gateway", "tls_certificate")
    assert "does not work with gateway.tls_key" in fault.message


ROUTE = '[[mailboxes]]\naddress = "karen@eksempel.dk"\nhost = "imap.eksempel.dk:993"\nuser = "karen"\nmode = "route"\n'


def test_no_employees_mailbox_is_read_before_the_employees_were_told(tmp_path):
    with pytest.raises(BadInput) as refused:
        load(tmp_path, ROUTE)
    (line,) = refused.value.lines
    assert "mailboxes[0].staff_informed: is missing: mode" in line
    assert "six weeks ahead" in line
    assert "MED committee" in line
    settings = load(tmp_path, ROUTE + f"staff_informed = {TODAY}\n")
    assert machine_faults(settings, TODAY) == ()
    (fault,) = machine_faults(settings, TODAY - timedelta(days=1))
    assert fault.path == ("mailboxes", 0, "staff_informed")
    assert "lies in the future" in fault.message
    observing = load(tmp_path, ROUTE.replace("route", "observe"))
    assert machine_faults(observing, TODAY) == ()


def test_moved_mail_lies_in_a_folder_of_its_own(tmp_path):
    with pytest.raises(BadInput, match=r"mailboxes\[0\]\.moved_folder: is the folder that is watched"):
        load(tmp_path, ROUTE + f'staff_informed = {TODAY}\nmoved_folder = "INBOX"\n')
    with pytest.raises(BadInput, match=r"mailboxes\[0\]\.canary: is for functional mailboxes alone"):
        load(tmp_path, ROUTE + f"staff_informed = {TODAY}\ncanary = true\n")


@pytest.mark.parametrize("url", ["mysql://x/y", "postgresql://x", "postgresql:///?host=/run", "x"])
def test_a_store_that_this_version_lacks_is_named_before_anything_starts(tmp_path, url):
    with pytest.raises(BadInput, match=r"store\.url: write postgresql://"):
        load(tmp_path, f'[store]\nurl = "{url}"\n')


@pytest.mark.parametrize("url", ["postgresql://guard:word@db1,db2:5432/rammevagt", "postgres:///rammevagt?host=/run/postgresql"])
def test_a_database_is_named_by_its_url(tmp_path, url):
    assert load(tmp_path, f'[store]\nurl = "{url}"\n').store.url == url


def test_notes_point_to_slips():
    settings = load_settings(
        None,
        {
            "RAMMEVAGT_MUNICIPALITY__DOMAINS": '["silkeborg.dk"]',
            "RAMMEVAGT_GATEWAY__TRUSTED_CLIENTS": '["0.0.0.0/0"]',
            "RAMMEVAGT_CONSOLE__LISTEN": "0.0.0.0:8080",
            "RAMMEVAGT_MAILBOXES": '[{"address": "a@silkeborg.dk", "host": "i:993", "user": "a"}]',
        },
    )
    assert [note.path for note in notes_on(settings)] == [
        ("gateway", "authserv_id"),
        ("gateway", "trusted_clients", 0),
        ("console", "public_url"),
        ("mailboxes", 0),
        ("letters",),
    ]
    assert notes_on(Settings()) == ()


HOOK = '[[webhooks]]\nname = "{0}"\nurl = "{1}"\nsecret_file = "{2}"\nevents = ["{3}"]\n'
JOURNAL = "https://journal.eksempel.dk/events"


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        (HOOK.format("a", JOURNAL, "f", "*") * 2, "r.toml:7: webhooks[1].name: 'a' is another webhook's already"),
        (HOOK.format("A b", JOURNAL, "f", "*"), "r.toml:2: webhooks[0].name"),
        (HOOK.format("a", "http://journal.eksempel.dk", "f", "*"), "webhooks[0].url: must begin with https://"),
        (HOOK.format("a", "https://u:p@journal.eksempel.dk", "f", "*"), "webhooks[0].url: write the address without user"),
        (HOOK.format("a", "https://journal.eksempel.dk/#x", "f", "*"), "webhooks[0].url: write the address without user"),
        (HOOK.format("a", "https://[::1", "f", "*"), "webhooks[0].url: write the address"),
        (HOOK.format("a", "journal", "f", "*"), "webhooks[0].url: write the address"),
        (HOOK.format("a", JOURNAL, "", "*"), "webhooks[0].secret_file: names no file"),
        (
            HOOK.format("a", JOURNAL, "f", "mail.deleted"),
            "r.toml:5: webhooks[0].events[0]: there is no kind of event 'mail.deleted'",
        ),
        (
            HOOK.format("a", JOURNAL, "f", "mail.received") + 'unit = "u"\n',
            "webhooks[0].events[0]: mail.received does not say which unit",
        ),
        (HOOK.format("a", JOURNAL, "f", "*").replace('["*"]', "[]"), "webhooks[0].events"),
        ('[[webhooks]]\nname = "a"\n', "r.toml:1: webhooks[0].url: is missing"),
    ],
)
def test_what_a_webhook_cannot_be(tmp_path, toml, line):
    assert any(found.startswith(line) or line in found for found in faults(tmp_path, toml))


def test_what_a_webhook_can_be(tmp_path):
    toml = (
        HOOK.format("a", JOURNAL, "f", "framework.*") + 'unit = "u"\n' + HOOK.format("b", "http://127.0.0.1:8/x", "f", "mail.stuck")
    )
    assert [one.unit for one in load(tmp_path, toml).webhooks] == ["u", None]


@pytest.mark.parametrize(
    ("text", "why"),
    [(None, "there is no file"), ("", "holds no secret"), ("hemmelig", "does not begin with whsec_"), ("whsec_é", "other letters")],
)
def test_a_webhook_needs_a_secret_and_none_of_it_is_told(tmp_path, text, why):
    file = tmp_path / "secret"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    (fault,) = machine_faults(load(tmp_path, HOOK.format("a", JOURNAL, file, "*")), TODAY)
    assert fault.path == ("webhooks", 0, "secret_file") and why in fault.message and "hemmelig" not in fault.message
    file.write_text("whsec_" + "A" * 44 + "\n")
    assert machine_faults(load(tmp_path, HOOK.format("a", JOURNAL, file, "*")), TODAY) == ()


IMAP = '[[mailboxes]]\naddress = "{0}@eksempel.dk"\nhost = "h:993"\nuser = "a"\n'
OAUTH = '[mailboxes.oauth2]\ntoken_url = "{0}"\nclient_id = "a"\nclient_secret_file = "f"\nscope = "s"\n'


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (IMAP.format("a") + IMAP.format("A"), "mailboxes[1].address: is watched already"),
        (
            IMAP.format("a") + 'password_file = "f"\n' + OAUTH.format("https://x/t"),
            "mailboxes[0].password_file: and oauth2",
        ),
        (IMAP.format("a") + OAUTH.format("http://x/t"), "mailboxes[0].oauth2.token_url: must begin with https://"),
        (IMAP.format("a") + OAUTH.format("x"), "mailboxes[0].oauth2.token_url: must begin with https://"),
    ],
)
def test_a_mailbox_has_one_safe_way_in(tmp_path, text, fault):
    with pytest.raises(BadInput) as found:
        load(tmp_path, text)
    assert fault in str(found.value)


def test_a_token_server_on_this_machine_needs_no_tls(tmp_path):
    assert load(tmp_path, IMAP.format("a") + OAUTH.format("http://127.0.0.1:8/t")).mailboxes[0].oauth2


CHAT = '[[notifications.channels]]\nname = "{0}"\ntitle = "Chat"\nurl_file = "{1}"\nhandle = \'{2}\'\n'
HANDLE = "[a-z]{1,60}"


@pytest.mark.parametrize(
    ("toml", "line"),
    [
        (CHAT.format("a", "f", HANDLE) * 2, "r.toml: notifications.channels[1].name: 'a' is another channel's already"),
        (CHAT.format("mail", "f", HANDLE), "r.toml: notifications.channels[0].name: 'mail' is another channel's already"),
        (CHAT.format("console", "f", HANDLE), "r.toml: notifications.channels[0].name: 'console' is another channel's already"),
        (CHAT.format("a", "", HANDLE), "r.toml: notifications.channels[0].url_file: names no file"),
        (CHAT.format("a", "f", "[a-z"), "r.toml: notifications.channels[0].handle: is no regular expression"),
    ],
)
def test_a_channel_that_nobody_can_be_told_by_is_named(tmp_path, toml, line):
    assert any(found.startswith(line) or line in found for found in faults(tmp_path, toml))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "there is no file"),
        ("", "holds no address"),
        ("hemmelig", "holds no address"),
        ("hemmelig://hemmelig/x", "holds no address"),
        ("slack://hemmelig", "holds no address"),
        ("json://a.hemmelig/\njson://b.hemmelig/", "holds no address"),
        ("\udcffhemmelig", "holds no address"),
    ],
)
def test_a_channel_needs_an_address_and_none_of_it_is_told(tmp_path, capfd, caplog, text, why):
    file = tmp_path / "url"
    if text is not None:
        file.write_bytes(text.encode("utf-8", "surrogateescape"))
    (fault,) = machine_faults(load(tmp_path, CHAT.format("a", file, HANDLE)), TODAY)
    assert fault.path == ("notifications", "channels", 0, "url_file") and why in fault.message and str(file) in fault.message
    assert "hemmelig" not in fault.message + "".join(capfd.readouterr()) + caplog.text
    file.write_text("jsons://chat.eksempel.dk/{to}?+key={key}\n")
    assert machine_faults(load(tmp_path, CHAT.format("a", file, HANDLE)), TODAY) == ()


def test_a_channels_file_that_this_user_cannot_read_is_named(tmp_path, monkeypatch):
    file = tmp_path / "url"
    file.write_text("jsons://chat.eksempel.dk/{to}\n")
    monkeypatch.setattr("os.access", lambda name, mode: str(name) != str(file))
    (fault,) = machine_faults(load(tmp_path, CHAT.format("a", file, HANDLE)), TODAY)
    assert fault.path == ("notifications", "channels", 0, "url_file") and "can't be read" in fault.message
