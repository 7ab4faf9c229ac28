import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.return_path import sign, verify

KEY, DOMAIN, ID = b"k" * 32, "rammevagt.eksempel.dk", "01jd3h7ipffbzfoewu7g123456"


def test_what_was_signed_comes_home():
    signed = sign(KEY, ID, DOMAIN)
    assert signed.startswith(f"rv-{ID}-")
    assert signed.endswith(f"@{DOMAIN}")
    assert len(signed.partition("@")[0]) <= 64
    assert signed == signed.lower()
    assert verify(KEY, signed, DOMAIN) == ID


def test_case_does_not_matter():
    assert verify(KEY, f"<{sign(KEY, ID, DOMAIN).upper()}>", DOMAIN) == ID


def test_the_mac_has_80_bits():
    assert len(sign(KEY, ID, DOMAIN).partition("@")[0].rpartition("-")[2]) * 5 == 80


@pytest.mark.parametrize("place", range(len(f"rv-{ID}-") + 16))
def test_no_character_can_be_changed(place):
    signed = sign(KEY, ID, DOMAIN)
    other = "b" if signed[place] != "b" else "c"
    assert verify(KEY, signed[:place] + other + signed[place + 1 :], DOMAIN) is None


def test_other_keys_and_domains_are_not_ours():
    assert verify(b"other", sign(KEY, ID, DOMAIN), DOMAIN) is None
    assert verify(KEY, sign(KEY, ID, "andet.dk"), DOMAIN) is None


@given(st.text())
def test_is_total(text):
    assert verify(KEY, text, DOMAIN) is None
    assert verify(KEY, f"rv-{text}@{DOMAIN}", DOMAIN) is None


@pytest.mark.parametrize("id", ["", "A", "a" * 45, "a b", "a@b", "a\n"])
def test_refuses_ids_that_make_no_address(id):
    with pytest.raises(ValueError, match="delivery id"):
        sign(KEY, id, DOMAIN)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=44))
def test_every_other_id_comes_home(id):
    assert verify(KEY, sign(KEY, id, DOMAIN), DOMAIN) == id
