"""Who wrote: addresses out of a field, and never one that is not there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.reading.address_list import MAX_ADDRESSES, _scanned, read_addresses

BO = ("bo@example.net",)

READABLE = [
    ("bo@example.net", BO),
    ("<bo@example.net>", BO),
    ("Bo Borger <bo@example.net>", BO),
    ("Bo Borger<bo@example.net>", BO),
    ('"Borger, Bo" <bo@example.net>', BO),
    ("Borger, Bo <bo@example.net>", BO),  # a comma in a name that is not quoted: "Borger" is no address
    ("Bo Ærøskøbing <bo@example.net>", BO),
    ("bo@example.net (Bo Borger)", BO),
    ("(ved (en) ven) bo@example.net", BO),
    ("bo (navn) @ (sted) example.net", BO),
    ("bo @ example . net", BO),
    ("<bo@example.net> Bo", BO),
    ("Bo <bo@example.net", BO),
    ("mailto:bo@example.net", BO),
    ("Bo: sag 7 <bo@example.net>", BO),
    ("BO@Example.NET", ("BO@Example.NET",)),
    ("bo@example.net.", ("bo@example.net.",)),
    ("bo@[192.0.2.7]", ("bo@[192.0.2.7]",)),
    ("root@localhost", ("root@localhost",)),
    ("b.o+sag=7!#$%&'*/?^_`{|}~-@example.net", ("b.o+sag=7!#$%&'*/?^_`{|}~-@example.net",)),
    ("..bo..@example.net", ("..bo..@example.net",)),
    # several
    ("bo@example.net, Ib <ib@example.org>", ("bo@example.net", "ib@example.org")),
    ("bo@example.net; ib@example.org;", ("bo@example.net", "ib@example.org")),
    (",, bo@example.net,,", BO),
    ("Familien: bo@example.net, Ib <ib@example.org>;", ("bo@example.net", "ib@example.org")),
    ("A: bo@example.net; B: ib@example.org;", ("bo@example.net", "ib@example.org")),
    ("Undisclosed recipients:;", ()),
    # source routes (RFC 5322 4.4)
    ("<@a.example,@b.example:bo@example.net>", BO),
    ("Bo <@a.example:bo@example.net>", BO),
    # a name is a name, whatever it says
    ('"evil@x.dk" <bo@example.net>', BO),
    ("evil@x.dk <bo@example.net>", BO),
    ("=?utf-8?q?evil=40x=2Edk?= <bo@example.net>", BO),
    ("=?utf-8?q?evil@x.dk?= <bo@example.net>", BO),
    ("=?utf-8?b?ZXZpbEB4LmRr?= <bo@example.net>", BO),
    ('"evil@x.dk, <evil@x.dk>" <bo@example.net>', BO),
    ('"\\" <evil@x.dk>" <bo@example.net>', BO),
    ("(<evil@x.dk>) bo@example.net", BO),
    ("(\\) evil@x.dk,) bo@example.net", BO),
    ('(a " in a comment) bo@example.net', BO),
    ('"(" <bo@example.net> ")"', BO),
    # quoted local parts
    ('"bo"@example.net', BO),
    ('"bo borger"@example.net', ('"bo borger"@example.net',)),
    ('<"evil@x.dk"@example.net>', ('"evil@x.dk"@example.net',)),
    ('<"a\\"b"@example.net>', ('"a\\"b"@example.net',)),
    ('"=?utf-8?q?bo?="@example.net', ('"=?utf-8?q?bo?="@example.net',)),  # letters like others inside quotes
    # RFC 6532
    ("Bo <bø@rødgrød.dk>", ("bø@rødgrød.dk",)),
    ("bo@xn--rdgrd-vuad.dk", ("bo@xn--rdgrd-vuad.dk",)),
]

DOUBTFUL = [
    ("Bo Borger", ()),
    ('"bo@example.net"', ()),
    ("=?utf-8?q?bo=40example=2Enet?=", ()),
    ("=?utf-8?q?bo?=@example.net", ()),
    ("bo@=?utf-8?q?example?=.net", ()),
    ("<>", ()),
    ("Bo <>", ()),
    ("Bo <bo>", ()),
    ("bo@", ()),
    ("@example.net", ()),
    ("bo@example@net", ()),
    ("bo@example.net evil@x.dk", ()),
    ("Bo bo@example.net", ()),
    ("<bo@example.net> <evil@x.dk>", ()),
    ("<bo@example.net> evil@x.dk", ()),
    ("Bo <<bo@example.net>>", ()),
    ("Bo <evil@x.dk <bo@example.net>", ()),
    ("Bo <evil@x.dk, bo@example.net>", ()),
    ("=?utf-8?q?Bo, <evil@x.dk>?= <bo@example.net>", ()),
    ("bo@example.net: evil@x.dk;", ()),
    ("<bo@example.net>: evil@x.dk", ()),
    ('"Bo <bo@example.net>', ()),
    ("(Bo bo@example.net", ()),
    ("Bo) bo@example.net", ()),
    ("bo@exam ple.net", ()),
    ("b o@example.net", ()),
    ("bo@example..net", ()),
    ("bo@.example.net", ()),
    ("bo@exam'ple.net", ()),
    ("bo@exam\u00adple.net", ()),  # a soft hyphen nobody sees
    ("bo\u200b@example.net", ()),
    ("bo\x01@example.net", ()),
    ("bo\ufffd@example.net", ()),
    ("bo\\@example.net", ()),
    ("bo＠example.net", ()),
    ("bo@example.net>", ()),
    ("[bo@example.net", ()),
    ("b" * 400 + "@example.net", ()),
    # what can be read of the rest is read, where that is wanted
    ("bo@example.net, <<ib@example.org>>", BO),
    ('bo@example.net, "Ib <ib@example.org>', BO),
]


@pytest.mark.parametrize(("text", "addresses"), READABLE)
def test_a_field_that_can_be_read_in_one_way(text, addresses):
    found = read_addresses(text)
    assert (found.addresses, found.doubtful) == (addresses, False)


@pytest.mark.parametrize(("text", "addresses"), DOUBTFUL)
def test_a_field_that_cannot_is_doubtful_and_invents_nothing(text, addresses):
    found = read_addresses(text)
    assert (found.addresses, found.doubtful) == (addresses, True)


def test_half_an_address_at_a_cut_is_not_read():
    found = read_addresses("ib@example.org, bo@example.net", cut=True)  # of bo@example.net.evil.dk
    assert (found.addresses, found.doubtful) == (("ib@example.org",), True)
    assert read_addresses("bo@example.net", cut=True).addresses == ()


def test_a_list_is_read_as_far_as_its_cap():
    found = read_addresses(", ".join(f"r{number}@example.net" for number in range(3 * MAX_ADDRESSES)))
    assert (len(found.addresses), found.doubtful) == (MAX_ADDRESSES, True)


PIECES = st.sampled_from([*'"<>()[]\\,:;@. \t', "bo", "example.net", "bo@example.net", "=?utf-8?q?x?=", "ø", "\x00", "\u200b"])


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=40))
def test_it_is_total_and_what_it_finds_is_written_there(text):
    found = read_addresses(text)
    for address in found.addresses:
        local, _, domain = address.rpartition("@")
        assert local and domain and all(label in text for label in domain.split("."))
        assert address.isprintable()
        assert read_addresses(f"<{address}>").addresses == (address,)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_the_short_way_for_one_plain_address_finds_what_the_full_way_finds(text):
    assert read_addresses(text) == _scanned(text, cut=False)


@given(st.text("abc", min_size=1), st.sampled_from(["{}", "<{}>", "{} (x)", '"evil@x.dk" <{}>', "evil@x.dk <{}>", "g:{};"]))
def test_an_address_is_found_in_every_dress(name, dress):
    address = f"{name}@example.net"
    assert read_addresses(dress.format(address)).addresses == (address,)
