import base64

import pytest

from local import totp


@pytest.mark.parametrize(
    ("seconds", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (20000000000, "353130")],
)
def test_code_is_that_of_the_standard(seconds: int, code: str) -> None:
    """RFC 6238, appendix B, of which six digits are the last six of eight."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    assert totp.code(secret, seconds) == code


def test_secret_may_come_without_padding_and_in_small_letters() -> None:
    secret = base64.b32encode(b"12345678901").decode()
    assert totp.code(secret.rstrip("=").lower(), 59) == totp.code(secret, 59)
