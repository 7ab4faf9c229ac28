"""*Sikr bevis*: the original of a mail, with its headers, is copied to where retention of mails does not reach; and what was
secured is handed to the police as one sealed file (``domain.md`` R21, W7, W12).

The seal is an Ed25519 signature (RFC 8032) over the list that names each file, the manifest too, with its SHA-256: the same list by
which anybody checks the files. Its key is made from the guard's own, so that the same guard always seals with the same one; anybody
checks it with the public half, without the guard.
"""

import asyncio
import hashlib
import hmac
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.clock import new_id
from services.store.incidents import Evidence, EvidenceLine, Incidents
from services.store.interface import Store

MANIFEST, SIGNATURE, PUBLIC, SUMS = "manifest.json", "SHA256SUMS.sig", "segl.pem", "SHA256SUMS"
CHECKED_BY = "\n".join(  # whose key it is, that the list is theirs, and that every file is as the list says
    (
        f"sha256sum {PUBLIC}",
        f"openssl pkeyutl -verify -pubin -inkey {PUBLIC} -rawin -in {SUMS} -sigfile {SIGNATURE}",
        f"sha256sum -c {SUMS}",
    )
)
FINGERPRINT = 32  # characters of a key's SHA-256 that people read to each other
PIECE = 1 << 20  # bytes that are handed out at a time


class Differs(Exception):
    """The bytes are not those whose SHA-256 was recorded when the mail came: they prove nothing."""


@dataclass(frozen=True, slots=True)
class Bundle:
    """A sealed file: an open file at its beginning, its size in octets, and the SHA-256 of its manifest."""

    file: IO[bytes]
    size: int
    seal: str

    def pieces(self) -> Iterator[bytes]:
        """Its bytes; the file is gone afterwards."""
        with self.file:
            while piece := self.file.read(PIECE):
                yield piece


async def secured(store: Store, incident: str, mail: str, by: str, now: datetime) -> Evidence | None:
    """The mail as evidence of an incident; None where its bytes are gone. Raises ``Differs``."""
    stored = await store.mail(mail)
    if stored is None or stored.content is None:
        return None
    content = stored.content if isinstance(stored.content, bytes) else await asyncio.to_thread(_read, stored.content)
    if content is None:
        return None
    digest = (await asyncio.to_thread(hashlib.sha256, content)).hexdigest()
    if digest != stored.decision["mail"]["sha256"]:
        raise Differs
    line = EvidenceLine(new_id(now), incident, mail, digest, len(content), now, by, _facts(stored.decision, stored.received_at))
    return Evidence(line, content)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # retention was faster
        return None


def _facts(decision: Mapping[str, Any], received_at: datetime) -> dict[str, Any]:
    """How it came: what proves that it was received, when, by whom and how sure we are who wrote."""
    recipients = [{name: one[name] for name in ("address", "action", "deliver_to")} for one in decision["recipients"]]
    return {
        "received_at": received_at.isoformat(),
        "mail": dict(decision["mail"]),
        "sender": dict(decision["sender"]),
        "recipients": recipients,
    }


def public_key(key: bytes) -> bytes:
    """The public half of the seal (PEM)."""
    return _seal(key).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def fingerprint(key: bytes) -> str:
    """By which people compare the public half: the SHA-256 of its PEM, in groups of four."""
    digest = hashlib.sha256(public_key(key)).hexdigest()[:FINGERPRINT]
    return " ".join(digest[at : at + 4] for at in range(0, len(digest), 4))


def _seal(key: bytes) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(hmac.digest(key, b"rammevagt evidence seal", hashlib.sha256))


async def bundle(incidents: Incidents, key: bytes, about: Mapping[str, Any], papers: Mapping[str, str]) -> Bundle:
    """Everything secured for the incident ``about["incident"]``, sealed. ``papers`` are texts that go with it, by file name."""
    lines = await incidents.evidence(about["incident"])
    file: IO[bytes] = TemporaryFile()  # noqa: SIM115 - it is handed out, and closed when it was sent
    try:
        packing = _Packing(file, about)
        for name, text in papers.items():
            await asyncio.to_thread(packing.add, name, text.encode())
        for number, line in enumerate(lines, 1):
            if found := await incidents.evidence_file(line.id):
                await asyncio.to_thread(packing.add_mail, f"bevis/{number:02d}-{line.mail}", found)
        seal = await asyncio.to_thread(packing.close, key)
    except BaseException:
        file.close()
        raise
    return Bundle(file, packing.size, seal)


class _Packing:
    """One bundle while it is packed; one piece of evidence in memory at a time."""

    def __init__(self, file: IO[bytes], about: Mapping[str, Any]) -> None:
        self._file = file
        self._about = about
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_STORED)
        self._files: list[dict[str, Any]] = []
        self.size = 0

    def add(self, name: str, content: bytes) -> None:
        self._files.append({"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)})
        self._write(name, content)

    def add_mail(self, name: str, one: Evidence) -> None:
        """The original, and how it came. What was secured and what is packed must be the same. Raises ``Differs``."""
        if hashlib.sha256(one.content).hexdigest() != one.line.sha256:
            raise Differs
        self.add(f"{name}.eml", one.content)
        told = {"sha256": one.line.sha256, "secured_at": one.line.at.isoformat(), "secured_by": one.line.by} | dict(one.line.facts)
        self.add(f"{name}.json", _json(told))

    def close(self, key: bytes) -> str:
        """Write list and seal."""
        manifest = _json({"version": 2, **self._about, "files": self._files})
        self.add(MANIFEST, manifest)
        sums = "".join(f"{one['sha256']}  {one['name']}\n" for one in self._files).encode()
        self._write(SUMS, sums)
        self._write(SIGNATURE, _seal(key).sign(sums))
        self._write(PUBLIC, public_key(key))
        self._zip.close()
        self.size = self._file.tell()
        self._file.seek(0)
        return hashlib.sha256(manifest).hexdigest()

    def _write(self, name: str, content: bytes) -> None:
        """No time of its own: the manifest tells when it was made."""
        entry = zipfile.ZipInfo(name)
        entry.external_attr = 0o644 << 16
        self._zip.writestr(entry, content)


def _json(value: object) -> bytes:
    return (json.dumps(value, ensure_ascii=True, indent=2, sort_keys=True) + "\n").encode("ascii")
