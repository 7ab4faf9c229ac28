"""What MAIL and RCPT ask for: arguments to values, or to the reply that refuses them (RFC 5321, 1870, 6152, 6531)."""

from dataclasses import dataclass

from services.gateway.paths import forward_path, reverse_path

BAD_MAIL = "501 5.5.4 Syntax: MAIL FROM:<address> [parameters]"
BAD_RCPT = "501 5.5.4 Syntax: RCPT TO:<address>"
BAD_SENDER = "501 5.1.7 Bad sender address syntax"
BAD_RECIPIENT = "501 5.1.3 Bad recipient address syntax"
BAD_SIZE = "501 5.5.4 SIZE takes a number of bytes"
BAD_BODY = "501 5.5.4 BODY is 7BIT or 8BITMIME"
REPEATED = "501 5.5.4 A parameter is given once"
BAD_SMTPUTF8 = "501 5.5.4 SMTPUTF8 takes no value"
UNKNOWN_PARAMETER = "555 5.5.4 Parameter not recognized or not implemented"
TOO_BIG = "552 5.3.4 Message size exceeds the limit"


@dataclass(frozen=True, slots=True)
class MailFrom:
    """An accepted MAIL: ``sender`` is empty for the null sender."""

    sender: str
    eight_bit: bool = False
    smtputf8: bool = False


@dataclass(frozen=True, slots=True)
class RcptTo:
    """A well-formed RCPT."""

    recipient: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """The reply to a command that is not carried out."""

    reply: str


def mail_from(argument: str, limit: int) -> MailFrom | Refusal:
    """What ``MAIL <argument>`` asks for; ``limit`` is the most bytes that a mail may have."""
    if argument[:5].upper() != "FROM:":
        return Refusal(BAD_MAIL)
    path = reverse_path(argument[5:].strip())
    if path is None:
        return Refusal(BAD_SENDER)
    parameters = [_split(word) for word in path.parameters.split()]
    if len({name for name, _ in parameters}) < len(parameters):
        return Refusal(REPEATED)
    for parameter in parameters:
        if refused := _refused(parameter, limit):
            return Refusal(refused)
    return MailFrom(
        path.address,
        eight_bit=("BODY", "8BITMIME") in parameters,
        smtputf8=("SMTPUTF8", "") in parameters or not path.address.isascii(),
    )


def _split(word: str) -> tuple[str, str]:
    name, _, value = word.upper().partition("=")
    return name, value


def _refused(parameter: tuple[str, str], limit: int) -> str | None:
    match parameter:
        case "SIZE", value:
            if not (value.isascii() and value.isdigit() and len(value) <= 20):
                return BAD_SIZE
            return TOO_BIG if int(value) > limit else None
        case "BODY", value:
            return None if value in ("7BIT", "8BITMIME") else BAD_BODY
        case "SMTPUTF8", value:
            return BAD_SMTPUTF8 if value else None
        case _:
            return UNKNOWN_PARAMETER


def rcpt_to(argument: str, domain: str) -> RcptTo | Refusal:
    """What ``RCPT <argument>`` asks for; ``domain`` is where a bare ``<postmaster>`` is."""
    if argument[:3].upper() != "TO:":
        return Refusal(BAD_RCPT)
    path = forward_path(argument[3:].strip(), domain)
    if path is None:
        return Refusal(BAD_RECIPIENT)
    if path.parameters.strip():
        return Refusal(UNKNOWN_PARAMETER)
    return RcptTo(path.address)
