"""LMTP (RFC 2033): LHLO instead of EHLO, and one answer per recipient at the end of a mail."""

from typing import ClassVar, Literal

from services.gateway.session import GuardSMTP

_NOT_HERE = "500 5.5.1 This is LMTP: send LHLO"


class GuardLMTP(GuardSMTP):
    """An LMTP session. A mail is taken whole or not at all, so that all its answers are alike."""

    greeting: ClassVar[str] = "LMTP"

    @property
    def protocol_name(self) -> Literal["SMTP", "ESMTP", "ESMTPS", "LMTP", "LMTPS"]:
        """What the Received field calls it (RFC 3848)."""
        return "LMTPS" if self.encrypted else "LMTP"

    def smtp_LHLO(self, hostname: str | None) -> None:
        """RFC 2033 4.1."""
        self._greet(hostname, "LHLO", self._announcement(), extended=True)

    def smtp_HELO(self, hostname: str | None) -> None:
        """RFC 2033 4.1: not to be taken."""
        self.refuse(_NOT_HERE)

    def smtp_EHLO(self, hostname: str | None) -> None:
        """RFC 2033 4.1: not to be taken."""
        self.refuse(_NOT_HERE)

    def _answer(self, reply: str) -> None:
        for _ in tuple(self.recipients):
            super()._answer(reply)
