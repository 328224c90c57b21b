"""Time-based one-time passwords as authenticator apps make them: RFC 6238 with SHA-1, six digits and steps of 30 s."""

import base64
import hashlib
import hmac

STEP_SECONDS = 30
_DIGITS = 6


def code(secret: str, seconds: float) -> str:
    """The code of the step that `seconds` since the epoch is in; `secret` is Base32, as an app is given it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8), casefold=True)
    counter = int(seconds // STEP_SECONDS).to_bytes(8)
    digest = hmac.digest(key, counter, hashlib.sha1)
    offset = digest[-1] & 0xF
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"
