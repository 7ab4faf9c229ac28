"""Ids: the ULID layout, in lower case."""

from datetime import UTC, datetime, timedelta

from services.clock import new_id

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_an_id_tells_its_time_and_sorts_by_it() -> None:
    ids = [new_id(NOW + timedelta(milliseconds=number)) for number in range(100)]
    assert ids == sorted(ids)
    milliseconds = 0
    for letter in ids[0][:10]:
        milliseconds = milliseconds * 32 + ALPHABET.index(letter)
    assert milliseconds == NOW.timestamp() * 1000


def test_an_id_has_sixteen_letters_of_chance_out_of_all_that_there_are() -> None:
    ids = [new_id(NOW) for _ in range(1000)]
    assert len(set(ids)) == 1000
    assert {len(one) for one in ids} == {26}
    for place in range(10, 26):
        assert {one[place] for one in ids} == set(ALPHABET)
