"""The audit chain's hash."""

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from workflows.audit import GENESIS, AuditRecord, chain_hash, keyed

KEY = b"k" * 32
RECORD = AuditRecord(datetime(2026, 11, 23, tzinfo=UTC), "guard", "mail.accepted", "m1", {"b": [1, 2], "a": "ø\udcff"})


def test_the_text_that_is_hashed_is_ascii_and_its_data_sorted():
    written = RECORD.written()
    assert written.data == '{"a":"\\u00f8\\udcff","b":[1,2]}'
    assert written.at == "2026-11-23T00:00:00+00:00"


@pytest.mark.parametrize("data", [{}, {"a": "ø\udcff\0", "b": ['"', "\\", 1, None]}])
def test_the_hash_is_of_a_json_list_so_that_older_entries_hold(data):
    written = replace(RECORD, subject='m"1\\\n\U0001f600', data=data).written()
    listed = [GENESIS, 12, written.at, written.actor, written.action, written.subject, written.data]
    assert chain_hash(KEY, GENESIS, 12, written) == hmac.new(KEY, json.dumps(listed).encode(), hashlib.sha256).hexdigest()


def test_equal_records_hash_alike():
    again = replace(RECORD, data={"a": "ø\udcff", "b": [1, 2]})
    assert chain_hash(KEY, GENESIS, 1, RECORD.written()) == chain_hash(KEY, GENESIS, 1, again.written())


@pytest.mark.parametrize(
    "other",
    [
        replace(RECORD, at=RECORD.at + timedelta(microseconds=1)),
        replace(RECORD, at=RECORD.at.astimezone(timezone(timedelta(hours=1)))),
        replace(RECORD, actor="lene"),
        replace(RECORD, action="mail.read"),
        replace(RECORD, subject="m2"),
        replace(RECORD, data={}),
    ],
)
def test_every_field_is_covered(other):
    assert chain_hash(KEY, GENESIS, 1, RECORD.written()) != chain_hash(KEY, GENESIS, 1, other.written())


def test_key_place_and_predecessor_are_covered():
    one = RECORD.written()
    hashes = {chain_hash(KEY, GENESIS, 1, one), chain_hash(b"x" * 32, GENESIS, 1, one), chain_hash(KEY, "1" * 64, 1, one)}
    assert len(hashes | {chain_hash(KEY, GENESIS, 2, one)}) == 4


def test_a_keyed_hash_is_short_steady_and_total():
    assert keyed(KEY, "bo@example.net") == keyed(KEY, "bo@example.net") != keyed(b"x" * 32, "bo@example.net")
    assert len(keyed(KEY, "\udcff")) == 16
