"""Addresses compare in one form, whatever they are written with."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflows.addresses import ascii_domain, domain_of, normalise, recipient_key

OURS = frozenset({"eksempel.dk"})
ANY = st.text(st.characters(codec=None), max_size=40) | st.text("@. aAøØßİΣ\u3002\uff0e\u0345\u00ad", max_size=12)
LOCAL = st.text("abcxyz0123456789.-_", min_size=1, max_size=12)


@given(ANY)
@example("bo@example.net..")
@example("bo@example.net. ")
@example("İ@İ.dk")
@example("\ud800@\ud800.dk")
@example("x@" + "ø" * 5_000 + ".dk")
def test_normalise_is_total_and_idempotent(text):
    once = normalise(text)
    assert normalise(once) == once
    assert domain_of(text) == domain_of(once) == (once.rpartition("@")[2] if "@" in once else "")
    recipient_key(text, OURS)


@given(ANY)
def test_ascii_domain_is_total_and_idempotent(text):
    assert ascii_domain(ascii_domain(text)) == ascii_domain(text)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("Bo.Borger@Example.NET", "bo.borger@example.net"),
        (" bo@example.net ", "bo@example.net"),
        ("bo@example.net.", "bo@example.net"),
        ("bo+sag@example.net", "bo+sag@example.net"),
        ("b.o@example.net", "b.o@example.net"),
        ("anne@rødgrød.dk", "anne@xn--rdgrd-vuad.dk"),
        ("ANNE@RØDGRØD.DK", "anne@xn--rdgrd-vuad.dk"),
        ("anne@XN--RDGRD-VUAD.dk", "anne@xn--rdgrd-vuad.dk"),
        ("anne@a\u030alborg.dk", "anne@xn--lborg-lra.dk"),  # å written as a letter and a ring
        ("anne@ålborg.dk", "anne@xn--lborg-lra.dk"),
        ("ÅSE@example.net", "åse@example.net"),
        ("bo@example\u3002net", "bo@example.net"),
        ("bo@ｅxample.net", "bo@example.net"),
        ("bo@straße.example", "bo@xn--strae-oqa.example"),
        ('"bo borger"@example.net', '"bo borger"@example.net'),
        ("", ""),
    ],
)
def test_the_form_in_which_addresses_are_compared(written, compared):
    assert normalise(written) == compared


def test_a_sharp_s_is_another_domain_than_two_of_them():
    assert normalise("bo@straße.example") != normalise("bo@strasse.example")


@given(LOCAL, LOCAL)
def test_a_plus_tag_is_ignored_on_our_own_domains_only(name, tag):
    assert recipient_key(f"{name}+{tag}@Eksempel.DK", OURS) == normalise(f"{name}@eksempel.dk")
    assert recipient_key(f"{name}+{tag}@example.net", OURS) == normalise(f"{name}+{tag}@example.net")


def test_a_tag_without_a_name_names_nobody_else():
    assert recipient_key("+sag@eksempel.dk", OURS) == "+sag@eksempel.dk"
