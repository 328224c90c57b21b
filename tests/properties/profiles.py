"""How many examples the property tests try, and which."""

import os

from hypothesis import HealthCheck, settings

NIGHTLY = os.environ.get("PROPERTIES") == "nightly"
_NIGHTLY_TIMES = 20


def examples(number: int) -> settings:
    """The same `number` of examples at every run; with PROPERTIES=nightly twenty times as many, others each time.

    What a nightly run finds is shrunk and printed, and goes into the test as an @example.
    """
    return settings(
        max_examples=number * _NIGHTLY_TIMES if NIGHTLY else number,
        derandomize=not NIGHTLY,
        database=None,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture],
    )
