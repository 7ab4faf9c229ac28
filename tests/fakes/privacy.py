"""What a whole guard tells the world, gathered to be read, and the words that may stand nowhere in it.

Not gathered: the copies of citizens' mails, and the receipts and reports that go to the citizens themselves.
"""

import email
import email.policy
import html
import json
import re
from email.message import EmailMessage
from urllib.parse import unquote

SHINGLE = 4  # words in a row that no text of our own has by chance
WORD = re.compile(r"[^\W\d_]{2,}")
LINKS = re.compile(r'(?:href|src|action|formaction|hx-(?:get|post)|data-[a-z-]+)="([^"]*)"')
CANARIES = {  # a word that is in no language, for each place of a mail
    "subject": "Fjabberwokkel",
    "text": "Grumlekvistorp",
    "html": "Snurreblokanz",
    "file": "Krybeldyrsnap",
    "inside": "Plofsterbanke",
    "display": "Vimmelstruzz",
    "local": "qvabrogzelia",
    "tag": "zwottelpind",
    "field": "Hyklonbrasel",
    "id": "mumlezkrokx",
    "reply": "Trolborgnixen",
    "cc": "ubbelohdezq",
    "number": "010190-1234",
    "report": "Skvatmyrplon",
    "relief": "Dryssegnofert",
}


def letter(number: int, sender: str, to: str, said: str) -> bytes:
    """A mail with a canary in every place that a citizen can write in."""
    domain = sender.partition("@")[2]
    one = EmailMessage(policy=email.policy.SMTP)
    one["Authentication-Results"] = f"mx.eksempel.dk; dmarc=pass header.from={domain}"
    one["From"] = f"{CANARIES['display']} <{sender}>"
    one["To"] = f"{CANARIES['display']} <{to}>"
    one["Cc"] = f"{CANARIES['cc']}@example.org"
    one["Reply-To"] = f"{CANARIES['reply']} <{CANARIES['reply']}@example.org>"
    one["Subject"] = f"Om {CANARIES['subject']}"
    one["Message-ID"] = f"<{CANARIES['id']}.{number}@example.net>"
    one["X-Emne"] = CANARIES["field"]
    one.set_content(f"{said} {CANARIES['text']}, {CANARIES['number']}.\nHvad siger I til {CANARIES['text']}?\n")
    one.add_alternative(f"<p>{said} <b>{CANARIES['html']}</b></p>", subtype="html")
    one.add_attachment(CANARIES["inside"].encode(), maintype="text", subtype="plain", filename=f"{CANARIES['file']}.txt")
    return one.as_bytes()


def words_of(content: bytes, own: str) -> set[str]:
    """Of a mail of others: its subject, who wrote it, and each few words in a row that ``own`` texts have not."""
    read = email.message_from_bytes(content, policy=email.policy.default)
    body = read.get_body(("plain", "html"))
    try:
        text = body.get_content() if body else ""
    except (LookupError, KeyError):
        text = ""
    found = [one.lower() for one in WORD.findall(re.sub(r"<[^>]*>", " ", text))]
    rows = {" ".join(found[at : at + SHINGLE]) for at in range(len(found) - SHINGLE + 1)}
    return {row for row in rows if row not in own}


def plain(content: bytes) -> str:
    """A notice as its reader has it, and as it is sent."""
    read = email.message_from_bytes(content, policy=email.policy.default)
    body = read.get_body(("plain",))
    return f"{content.decode('utf-8', 'replace')}\n{read['Subject']}\n{body.get_content() if body else ''}"


def links_of(page: str) -> set[str]:
    """Whatever a page leads to or fetches."""
    return {html.unescape(one) for one in LINKS.findall(page)}


def told(texts: list[str], words: set[str]) -> set[str]:
    """Which of ``words`` stand in ``texts``, however they are written there."""
    found = set()
    for text in texts:
        for one in {text, unquote(text), _unescaped(text)}:
            low = one.lower()
            row = " ".join(WORD.findall(low))
            found |= {word for word in words if word.lower() in low or (" " in word and word in row)}
    return found


def _unescaped(text: str) -> str:
    return re.sub(r"\\u[0-9a-fA-F]{4}", lambda one: json.loads(f'"{one[0]}"'), text)
