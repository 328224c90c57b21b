"""How many examples the property tests try, and which."""

import os

from hypothesis import HealthCheck, settings

NIGHTLY = os.environ.get("PROPERTIES") == "nightly"
_NIGHTLY_TIMES = 20
_DEFAULT = 100


def load_profile() -> None:
    """The same examples at every run, without a limit of time: no test may depend on how busy a machine is.

    With PROPERTIES=nightly twenty times as many, others each time; what such a run finds is shrunk and printed, and
    goes into the test as an @example.
    """
    settings.register_profile(
        "ours",
        max_examples=_times(_DEFAULT),
        derandomize=not NIGHTLY,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )
    settings.load_profile("ours")


def examples(number: int) -> settings:
    """For tests whose examples take more, or less, than most."""
    return settings(max_examples=_times(number))


def _times(number: int) -> int:
    return number * _NIGHTLY_TIMES if NIGHTLY else number
