"""Codes from an app (TOTP, RFC 6238): the second thing that somebody shows who they are with."""

import hmac
import io
from datetime import datetime

import pyotp
import segno
from markupsafe import Markup

STEP = 30  # seconds
SLACK = 1  # steps that a telephone's clock may be off
ISSUER = "Rammevagt"


def new_secret() -> str:
    """A secret of 160 bits, as apps take it by hand."""
    return pyotp.random_base32()


def counter_of(secret: str, code: str, now: datetime) -> int | None:
    """The counter whose code this is, at most ``SLACK`` steps from ``now``; None where it is none."""
    given = "".join(code.split())
    if len(given) != 6 or not (given.isascii() and given.isdecimal()):
        return None
    own, here = pyotp.TOTP(secret, interval=STEP), int(now.timestamp()) // STEP
    fitting = [one for one in range(here - SLACK, here + SLACK + 1) if hmac.compare_digest(own.generate_otp(one), given)]
    return fitting[-1] if fitting else None


def picture(secret: str, address: str) -> Markup:
    """The QR code that apps read, as SVG."""
    uri = pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=address, issuer_name=ISSUER)
    drawn = io.BytesIO()
    segno.make(uri, error="m").save(
        drawn, kind="svg", scale=5, border=4, xmldecl=False, svgns=True, svgclass="qr", lineclass=None, light="#fff"
    )
    return Markup(drawn.getvalue().decode())  # noqa: S704 - a drawing of our own, without a letter of anybody's
