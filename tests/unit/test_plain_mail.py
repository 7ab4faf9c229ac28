"""Mails of our own: what the standard library reads from them is what was meant, whatever the words."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.plain_mail import compose

words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=300)


@given(subject=words, text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=2000))
def test_what_is_written_is_read(subject: str, text: str) -> None:
    content = compose([("From", "a@b.dk"), ("Subject", subject.strip()), ("To", "c@d.dk")], text)
    assert b"\n" not in content.replace(b"\r\n", b"") and all(len(line) <= 998 for line in content.split(b"\r\n"))
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert (found["From"], found["To"], found.get_content_type()) == ("a@b.dk", "c@d.dk", "text/plain")
    assert found.get_payload(decode=True).replace(b"\r\n", b"\n").decode() == text
    if subject.strip().isascii() and len(subject) < 60:
        assert found["Subject"] == subject.strip()


def test_danish_words_survive() -> None:
    found = email.message_from_bytes(compose([("Subject", "Børn på vej, æøå " * 8)], "Blåbærgrød\n"), policy=email.policy.default)
    assert found["Subject"].strip() == ("Børn på vej, æøå " * 8).strip()
    assert found.get_content().strip() == "Blåbærgrød"


@pytest.mark.parametrize("value", ["a\r\nBcc: x@y", "a\nb", "a\x00b", "a\x7f"])
def test_a_control_character_never_gets_into_a_field(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        compose([("To", value)], "")


def test_a_long_field_is_folded() -> None:
    references = " ".join(f"<{number}{'x' * 200}@example.net>" for number in range(9))
    content = compose([("References", references)], "")
    assert max(map(len, content.split(b"\r\n"))) < 300
    assert email.message_from_bytes(content, policy=email.policy.default)["References"] == references
