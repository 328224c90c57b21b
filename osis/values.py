"""The values of a pipeline body as Data Prepper reads them, and the base of every model.

Data Prepper reads options with Jackson, which takes `"true"` for a flag, `"30"` for a number and `2` for a text.
"""

import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from osis.grammar import NotAnExpression, read
from osis.problems import Path, refuse

T = TypeVar("T")

REFERENCE = re.compile(r"(?<!\$)\{\{([^{}\n]*)\}\}")  # {{name}}; ${{...}} is Data Prepper's own, for secrets
_PLACEHOLDER = re.compile(rf"\$\{{\{{.*?\}}\}}|\$\{{.*?\}}|{REFERENCE.pattern}", re.DOTALL)
_JAVA_DURATION = re.compile(
    r"[-+]?P(?=[-+\dT])([-+]?\d+D)?(T(?=[-+\d])([-+]?\d+H)?([-+]?\d+M)?([-+]?\d+([.,]\d{0,9})?S)?)?", re.IGNORECASE
)
_SHORT_DURATION = re.compile(r"(0|[1-9]\d*)(s|ms)")
_EVENT_KEY = re.compile(r"[A-Za-z0-9.\-_~@/\[\] $()]+")
# What may stand before a {number of times}: escapes and sets in brackets; both may have braces of their own.
_ATOMS = re.compile(r"\\Q.*?(?:\\E|$)|\\[pPxN]\{[^}]*\}|\\k<\w+>|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)
_STRAY_BRACE = re.compile(r"\{(?!\d+(?:,\d*)?\})")
_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]{1,512}", re.ASCII)
_TABLE_ARN = re.compile(r"arn:aws[a-z-]*:dynamodb:[a-z0-9-]+:\d{12}:table/[A-Za-z0-9_.-]{3,255}", re.ASCII)
_KEY_ARN = re.compile(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+", re.ASCII)
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d{1,2}", re.ASCII)
_BROKEN = (
    "missing )",
    "unterminated character set",
    "unbalanced parenthesis",
    "nothing to repeat",
    "bad escape (end of pattern)",
)
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


def has_placeholder(text: str) -> bool:
    """Tell whether part of `text` is filled in later: `${aws_iam_role.pipeline.arn}`, `{{role}}`, `${/attribute}`."""
    return _PLACEHOLDER.search(text) is not None


def without_placeholders(text: str, instead: str = "") -> str:
    return _PLACEHOLDER.sub(instead, text)


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, object]]:
    """Yield each value in `value` that is no mapping and no list, with its path."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from leaves(below, (*path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from leaves(below, (*path, number))
    else:
        yield path, value


class Options(BaseModel):
    """Options by name: unknown keys are errors; a known one without a value stays at its default."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")
    refused: ClassVar[dict[str, str]] = {}  # options of Data Prepper that this place does not allow, and why
    never_null: ClassVar[frozenset[str]] = frozenset()  # where Data Prepper fails on a null instead

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        nulls = [key for key, value in data.items() if value is None and key in cls.never_null]
        refuse([((key,), "has no value; write one or leave the option out") for key in nulls])
        return {key: value for key, value in data.items() if value is not None or key not in cls.model_fields}


def _text(value: object) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _whole_number(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d{1,20}", value.strip(), re.ASCII):
        return int(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _flag(value: object) -> object:
    return {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value


def _lower_case(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _items(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _not_empty(value: str) -> str:
    if not value:
        raise ValueError("is empty; write a value or leave the option out")
    return value


def _not_blank(value: str) -> str:
    _not_empty(value.strip())
    return value


def _duration(value: str) -> str:
    # DataPrepperDurationParser: java.time.Duration.parse, else seconds or milliseconds with blanks ignored.
    if not (_JAVA_DURATION.fullmatch(value) or _SHORT_DURATION.fullmatch(re.sub(r"\s", "", value))):
        raise ValueError(f"{value!r} is not a duration; write seconds (60s), milliseconds (100ms) or ISO 8601 (PT15M)")
    return value


def event_key(value: str) -> str:
    """Raises ValueError (JacksonEventKey.isValidKey)."""
    if len(value) > 2048 or not _EVENT_KEY.fullmatch(value):
        raise ValueError(f"{value!r} is not a key; use letters, digits and . - _ ~ @ / [ ] $ ( ) as in /order/price")
    return value


def _condition(value: str) -> str:
    if not has_placeholder(value):
        try:
            read(value)
        except NotAnExpression as error:
            raise ValueError(f"{value!r} is not an expression of Data Prepper: {error}") from None
    return value


def format_expression(value: str) -> str:
    """A text with an expression in each ${...}. Raises ValueError."""
    # GenericExpressionEvaluator.isValidFormatExpression: each ${...} is a key or an expression; ${{...}} is a secret
    # and ${!...} CloudFormation's way to write ${...}, both filled in before.
    parts = value.split("${")[1:]
    for part in parts:
        inner, end, _ = part.partition("}")
        if not end:
            raise ValueError(f"{value!r} has ${{ without }}")
        if not _EVENT_KEY.fullmatch(inner) and not inner.startswith(("{", "!")):
            _condition(inner)
    return value


def _regular_expression(value: str) -> str:
    # Java's expressions differ from Python's in their details, so only a broken structure is refused.
    if _STRAY_BRACE.search(_ATOMS.sub("a", REFERENCE.sub("a", value))):
        raise ValueError(f"{value!r} is not a regular expression of Java; write \\{{ for a brace")
    pattern = re.sub(r"\\Q(.*?)(\\E|$)", lambda quoted: re.escape(quoted[1]), value, flags=re.DOTALL)
    pattern = re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", re.sub(r"\\[pP](\{\w+\}|\w)", "a", pattern))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except re.error as error:
        if error.msg.startswith(_BROKEN):
            raise ValueError(f"{value!r} is not a regular expression: {error.msg}") from None
    return value


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not has_placeholder(value) and not pattern.fullmatch(value):
            raise ValueError(f"{value!r} is not {what}")
        return value

    return AfterValidator(check)


def between(shortest: int, longest: int) -> AfterValidator:
    """The length of a text, in characters."""

    def check(value: str) -> str:
        if not shortest <= len(value) <= longest:
            raise ValueError(f"is {len(value)} characters long; it must be {shortest} to {longest}")
        return value

    return AfterValidator(check)


Text = Annotated[str, BeforeValidator(_text)]
NotEmpty = Annotated[Text, AfterValidator(_not_empty)]
Name = Annotated[Text, AfterValidator(_not_blank)]
Integer = Annotated[int, BeforeValidator(_whole_number), Field(ge=-(2**31), le=2**31 - 1)]
Long = Annotated[int, BeforeValidator(_whole_number), Field(ge=-(2**63), le=2**63 - 1)]
Flag = Annotated[bool, BeforeValidator(_flag)]
AnyCase = BeforeValidator(_lower_case)  # Data Prepper reads these words without regard to case
Several = Annotated[tuple[T, ...], BeforeValidator(_items)]
Duration = Annotated[Text, AfterValidator(_duration)]
EventKey = Annotated[Text, AfterValidator(event_key)]
Condition = Annotated[Text, AfterValidator(_condition)]
Format = Annotated[Text, AfterValidator(format_expression)]
RegularExpression = Annotated[Text, AfterValidator(_regular_expression)]

RoleArn = Annotated[Text, _matching(_ROLE_ARN, "the ARN of an IAM role; use arn:aws:iam::ACCOUNT:role/NAME")]
TableArn = Annotated[
    Text, _matching(_TABLE_ARN, "the ARN of a DynamoDB table; use arn:aws:dynamodb:REGION:ACCOUNT:table/NAME")
]
KeyArn = Annotated[Text, _matching(_KEY_ARN, "the ARN of a KMS key; use arn:aws:kms:REGION:ACCOUNT:key/ID")]
Region = Annotated[Text, _matching(_REGION, "an AWS Region; use a name like eu-west-1")]
AccountId = Annotated[Text, _matching(re.compile(r"\d{12}", re.ASCII), "an account; use twelve digits")]
Bucket = Annotated[Text, _matching(_BUCKET, "a bucket name; use 3 to 63 of a-z, 0-9, . and -")]
BucketOrAccessPoint = Annotated[
    Text,
    _matching(
        re.compile(rf"{_BUCKET.pattern}|arn:aws[a-z-]*:s3:[a-z0-9-]+:\d{{12}}:accesspoint/.+", re.ASCII),
        "a bucket name; use 3 to 63 of a-z, 0-9, . and -",
    ),
]
ExternalId = Annotated[Text, between(2, 1224)]
