"""Passwords, codes, seals and delays of the console."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from services.console.auth.codes import counter_of, new_secret, picture
from services.console.auth.passwords import WAITING, Passwords, TooBusy, fault_of, new_password
from services.console.auth.seal import Sealer
from services.console.auth.site import own_path
from services.console.auth.throttle import Clients, Few, Rate, delay

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LENE = ("Lene Ørsted-Holm", "lene.holm@eksempel.dk")


@pytest.mark.parametrize(
    ("password", "says"),
    [
        ("", "mindst 12"),
        ("elleve tegn", "mindst 12"),
        ("x" * 257, "højst"),
        ("password1234", "første"),
        ("Adgangskode2026!", "første"),
        ("Velkommen123456", "første"),
        ("SommerSommer", "første"),
        ("aaaaaaaaaaaaaaaa", "første"),
        ("abababababababab", "første"),
        ("kanelkanelkanel", "første"),
        ("123456789012", "første"),
        ("0987654321098", "første"),
        ("qwertyuiopåqwerty", "første"),
        ("!!!!!!!!!!!!!!", "første"),
        ("Silkeborg-Kommune 26", "første"),
        ("lene.holm@eksempel.dk", "dit navn"),
        ("Leneholm2026", "dit navn"),
        ("Ørsted123456", "dit navn"),
        ("hest batteri sol kanel", None),
        ("tolv tegn er", None),
        ("Ørkenrotter hopper højt", None),
        ("Lene elsker at ro om morgenen", None),
        ("x7!kP2#mQ9$v", None),
        ("🦉🦊🐻🐼🐨🐯🦁🐮🐷🐸🐵🐔", None),
    ],
)
def test_rules_by_length_and_what_others_would_guess_first(password, says):
    fault = fault_of(password, *LENE)
    assert (fault is None) if says is None else (fault and says in fault)


@given(st.text(max_size=300))
def test_any_text_is_judged(password):
    fault_of(password, *LENE)


def test_a_made_password_is_fine_and_never_the_same():
    made = {new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(fault_of(one, *LENE) is None and len(one) == 23 for one in made)


async def test_a_hash_fits_its_password_however_the_letters_were_typed():
    passwords = Passwords(QUICK)
    hash = await passwords.hash("blåbærgrød på fad")
    assert hash.startswith("$argon2id$") and "bær" not in hash
    assert await passwords.fits(hash, "blåbærgrød på fad")
    assert await passwords.fits(hash, "bla\u030abærgrød pa\u030a fad")
    for wrong in ("", "blåbærgrød på fa", "\ud800", "\x00", "x" * 100_000):
        assert not await passwords.fits(hash, wrong)
        assert not await passwords.fits(None, wrong)
        assert not await passwords.fits("no hash at all", wrong)
    passwords.close()


async def test_more_than_can_be_served_are_turned_away():
    passwords = Passwords(QUICK)
    passwords._waiting = WAITING
    with pytest.raises(TooBusy):
        await passwords.fits(None, "x")
    passwords._waiting = WAITING - 1
    assert not await passwords.fits(None, "x")
    assert passwords._waiting == WAITING - 1


def test_a_code_is_good_for_its_half_minute_and_the_ones_beside():
    secret = new_secret()
    totp = pyotp.TOTP(secret)
    here = int(NOW.timestamp()) // 30
    assert [counter_of(secret, totp.generate_otp(here + one), NOW) for one in (-1, 0, 1)] == [here - 1, here, here + 1]
    for far in (-2, 2, 1000):
        assert counter_of(secret, totp.generate_otp(here + far), NOW) in (None, here - 1, here, here + 1)
    code = totp.generate_otp(here)
    assert counter_of(secret, f" {code[:3]} {code[3:]}", NOW) == here
    for wrong in ("", code[:5], code + "0", "١٢٣٤٥٦", "abcdef", "-12345", "1e1000"):
        assert counter_of(secret, wrong, NOW) is None


def test_the_picture_has_nothing_that_the_content_policy_forbids():
    drawn = picture(new_secret(), "lene@eksempel.dk")
    assert (
        drawn.startswith("<svg")
        and "style" not in drawn
        and "script" not in drawn
        and "http:" not in drawn.replace("http://www.w3.org", "")
    )


def test_a_seal_opens_for_its_purpose_its_subject_and_its_time_alone():
    sealer = Sealer(b"k" * 32)
    sealed = sealer.seal("form", ["æ", 1], "a-1", NOW)
    before = NOW - timedelta(seconds=1)
    assert sealer.opened("form", sealed, before, "a-1") == ["æ", 1]
    assert sealer.opened("form", sealed, NOW, "a-1") is None
    assert sealer.opened("form", sealed, before, "a-2") is None
    assert sealer.opened("totp", sealed, before, "a-1") is None
    assert Sealer(b"l" * 32).opened("form", sealed, before, "a-1") is None
    assert sealer.seal("form", 1) != sealer.seal("form", 1)


@given(st.text(max_size=200), st.integers(0, 100))
def test_what_was_not_sealed_here_does_not_open(text, place):
    sealer = Sealer(b"k" * 32)
    assert sealer.opened("form", text, NOW) is None
    sealed = sealer.seal("form", "value")
    changed = (
        sealed[: place % len(sealed)] + ("A" if sealed[place % len(sealed)] != "A" else "B") + sealed[place % len(sealed) + 1 :]
    )
    assert sealer.opened("form", changed, NOW) is None


def test_a_delay_doubles_up_to_a_quarter_of_an_hour():
    assert [delay(tries).total_seconds() for tries in (0, 4, 5, 6, 9, 14, 15, 10_000)] == [0, 0, 1, 2, 16, 512, 900, 900]


def test_a_good_try_makes_no_bad_one_before_it_good():
    clients = Clients(free=3)
    for _ in range(2):
        assert clients.take("c", NOW) is None
    assert clients.take("c", NOW) is None
    clients.give_back("c")
    assert clients.take("c", NOW + timedelta(seconds=2)) is None
    assert clients.take("c", NOW + timedelta(seconds=2)) == NOW + timedelta(seconds=3)
    assert clients.take("other", NOW) is None


def test_a_bucket_fills_again():
    rate = Rate(burst=2, per_second=1)
    assert [rate.allows("k", NOW) for _ in range(4)] == [True, True, False, False]
    assert [rate.allows("k", NOW + timedelta(seconds=2)) for _ in range(3)] == [True, True, False]
    assert rate.allows("k", NOW - timedelta(days=1)) is False  # a clock that is set back gives nothing


def test_few_are_remembered():
    few = Few(size=2)
    for one in "abca":
        few.put(one, one)
    assert [few.get(one) for one in "abc"] == ["a", None, "c"]


@given(st.text(max_size=100))
def test_a_path_to_go_on_to_is_ours_and_safe_in_a_header(value):
    path = own_path(value)
    assert path.startswith("/") and not path.startswith(("//", "/\\")) and path.isascii() and path.isprintable()
