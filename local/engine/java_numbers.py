"""Numbers as Java 17 reads and writes them. Each function that reads raises ValueError where Java does.

From 2^62 on, Java 17 now and then writes a last digit more than needed; here it is always the fewest.
"""

import ctypes
import math
import re
from decimal import Decimal

_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,10})?")
_SPECIAL = re.compile(r"([+-]?)(NaN|Infinity)")
_DOUBLE = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)[dDfF]?", re.ASCII)
_HEXADECIMAL = re.compile(r"([+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d+)[dDfF]?", re.ASCII)
# jdk.internal.math.FloatingDecimal, MAX_SMALL_BIN_EXP
_LARGEST_EXPONENT = 62
# String.trim takes these off both ends, the blank included.
_TRIMMED = "".join(map(chr, range(33)))


def whole(text: str, bits: int) -> int:
    """Integer.parseInt and Long.parseLong, by the number of bits."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"'{text}' is not a whole number")
    number = int(text)
    if not -(1 << bits - 1) <= number < 1 << bits - 1:
        raise ValueError(f"{text} has more than {bits} bits")
    return number


def decimal(text: str) -> Decimal:
    """new BigDecimal."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"'{text}' is not a number")
    number = Decimal(text)
    # A BigDecimal has no negative zero.
    return number if number else number.copy_abs()


def double(text: str) -> float:
    """Double.parseDouble, with its NaN, hexadecimal numbers and letters for a type at the end: `30d`."""
    trimmed = text.strip(_TRIMMED)
    if special := _SPECIAL.fullmatch(trimmed):
        return float(trimmed) if special[2] == "Infinity" else float("nan")
    if hexadecimal := _HEXADECIMAL.fullmatch(trimmed):
        try:
            return float.fromhex(hexadecimal[1])
        except OverflowError:
            return float("-inf" if trimmed.startswith("-") else "inf")
    if found := _DOUBLE.fullmatch(trimmed):
        return float(found[1])
    raise ValueError(f"'{text}' is not a number")


def float32(value: float) -> float:
    """The nearest float of 32 bits."""
    return ctypes.c_float(value).value


def double_text(value: float) -> str:
    """Double.toString: `12.7`, `1.0E16`, `NaN`."""
    return _text(value, repr(value), significant_bits=53)


def float_text(value: float) -> str:
    """Float.toString."""
    shortest = (text for digits in range(9) if float32(float(text := f"{value:.{digits}e}")) == value)
    return _text(value, next(shortest, repr(value)), significant_bits=24)


def _text(value: float, shortest: str, significant_bits: int) -> str:
    if math.isnan(value):
        return "NaN"
    sign = "-" if math.copysign(1, value) < 0 else ""
    if math.isinf(value):
        return f"{sign}Infinity"
    if value == 0:
        return f"{sign}0.0"
    number = abs(_of_whole(value, significant_bits) or Decimal(shortest)).normalize()
    if Decimal("1E-3") <= number < Decimal("1E7"):
        plain = f"{number:f}"
        return f"{sign}{plain}" if "." in plain else f"{sign}{plain}.0"
    first, *others = number.as_tuple().digits
    return f"{sign}{first}.{''.join(map(str, others)) or '0'}E{number.adjusted()}"


def _of_whole(value: float, significant_bits: int) -> Decimal | None:
    """A whole number larger than its bits can tell apart, which Java 17 writes with a digit or two more than needed."""
    exponent = math.frexp(value)[1] - 1
    if not significant_bits < exponent < _LARGEST_EXPONENT:
        return None
    unit = 10 ** (len(str(1 << exponent - significant_bits - 1)) - 1)
    return Decimal((int(abs(value)) + unit // 2) // unit * unit)
