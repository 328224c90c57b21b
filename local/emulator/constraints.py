"""What AWS publishes about the input of each operation, and where a request differs: botocore's service models.

Members that an operation lacks are refused too. Not every service of AWS does so; those that do not drop them, and
nothing of ours may rest on what AWS drops.
"""

import base64
import json
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element

import regex
from botocore.exceptions import UnknownServiceError
from moto.core.model import OperationModel, Shape
from moto.core.parse import EC2QueryParser, QueryParser, RequestParserError, RestXMLParser
from moto.core.request import Request
from moto.core.utils import get_service_model

from local.emulator.calls import Call

# Services that sign by another name than that of their model.
_MODELS = {"aoss": "opensearchserverless", "email": "ses", "monitoring": "cloudwatch", "states": "stepfunctions"}
# One pattern of DynamoDB's writes characters beyond the first plane as Java keeps them: a range of pairs.
_PAIRS = (r"\uD800\uDC00-\uDBFF\uDFFF", r"\U00010000-\U0010FFFF")
_UNKNOWN = "There is no such member"
# Lists of values that are behind AWS's own guide: this one lacks r7g, m7g and all that is newer.
# https://docs.aws.amazon.com/opensearch-service/latest/developerguide/supported-instance-types.html
_INCOMPLETE = frozenset({"OpenSearchPartitionInstanceType"})


@dataclass(frozen=True)
class Violation:
    """`path` leads to the value from the outside in: names of members, numbers in lists from 1, keys of maps."""

    constraint: str
    value: object = None
    path: tuple[str, ...] = ()
    told: bool = True
    """Whether the value may be told."""

    def below(self, name: str) -> "Violation":
        return replace(self, path=(name, *self.path))

    def __str__(self) -> str:
        place = ".".join(f"{name[:1].lower()}{name[1:]}" for name in self.path)
        value = "null" if self.value is None else f"'{self.value}'"
        return f"Value {f'{value} ' if self.told else ''}at '{place}' failed to satisfy constraint: {self.constraint}"


def message(violations: Sequence[Violation]) -> str:
    """AWS's sentence about them."""
    errors = "validation error" if len(violations) == 1 else "validation errors"
    return f"{len(violations)} {errors} detected: {'; '.join(map(str, violations))}"


def violations(call: Call, request: Request) -> Sequence[Violation]:
    """Everything in a request that the model of its operation does not allow; nothing where there is no such model."""
    operation = _operation(call, request.path)
    if operation is None or operation.input_shape is None:
        return ()
    try:
        if "X-Amz-Target" in call.headers:
            return _in_json(operation, call.parameters)
        if request.mimetype == "application/x-www-form-urlencoded":
            return _in_form(operation, call)
        if operation.service_model.protocol == "rest-xml":
            return _in_xml(operation, call, request)
        return _in_json(operation, _given(operation.input_shape, call, request))
    except (RequestParserError, ValueError) as error:
        return [Violation(f"The request must be readable: {error}", path=(operation.name,))]


def _operation(call: Call, path: str) -> OperationModel | None:
    name = _MODELS.get(call.service, call.service)
    if call.headers.get("X-Amz-Target", "").startswith("DynamoDBStreams"):
        name = "dynamodbstreams"
    elif name == "es" and path.startswith("/2021-01-01/"):
        name = "opensearch"
    try:
        service = get_service_model(name)
    except UnknownServiceError:
        return None
    return service.operation_model(call.operation) if call.operation in service.operation_names else None


Check = Callable[[Any], Sequence[Violation]]
Name = Callable[[Shape, str], str]


class _Checks:
    """Checks of a service's shapes, each made once, when it is needed. `name` is what values call a member.

    They are quick with what is right, which is nearly everything that comes.
    """

    def __init__(self, name: Name) -> None:
        self._name = name
        self._made: dict[str, Check] = {}
        self._making = threading.RLock()

    def of(self, shape: Shape) -> Check:
        with self._making:
            if shape.name not in self._made:
                # A shape may be part of itself: what it is made of finds this until it is made.
                self._made[shape.name] = lambda value: self._made[shape.name](value)  # noqa: PLW0108 - it is replaced
                self._made[shape.name] = self._make(shape)
            return self._made[shape.name]

    def _make(self, shape: Shape) -> Check:
        match shape.type_name:
            case "structure" if not shape.is_document_type:
                return self._structure(shape)
            case "list":
                return self._list(shape)
            case "map":
                return self._map(shape)
            case "string" | "character":
                return _string(shape)
            case "blob":
                return _blob(shape)
            case "boolean":
                return _boolean
            case "byte" | "double" | "float" | "integer" | "long" | "short":
                return _number(shape)
        return _anything

    def _structure(self, shape: Shape) -> Check:
        members = {self._name(member, name): (name, self.of(member)) for name, member in shape.members.items()}
        required = {self._name(shape.members[name], name): name for name in shape.required_members}
        is_union = shape.is_tagged_union

        def check(value: Any) -> Sequence[Violation]:
            if not isinstance(value, dict):
                return [Violation("Member must be a structure", value)]
            found: list[Violation] = []
            for given_name, given in value.items():
                if given_name not in members:
                    found.append(Violation(_UNKNOWN, given, (given_name,)))
                elif given is not None:
                    name, check_member = members[given_name]
                    if violations := check_member(given):
                        found += [violation.below(name) for violation in violations]
            for given_name, name in required.items():
                if value.get(given_name) is None:
                    found.append(Violation("Member must not be null", path=(name,)))
            if is_union and len(value) != 1:
                found.append(Violation("Exactly one member must be set", sorted(value)))
            return found

        return check

    def _list(self, shape: Shape) -> Check:
        check_member, length = self.of(shape.member), _Range(shape, "length")

        def check(value: Any) -> Sequence[Violation]:
            if not isinstance(value, list):
                return [Violation("Member must be a list", value)]
            found = [Violation(sentence, value) for sentence in length.broken_by(len(value))]
            for number, one in enumerate(value, start=1):
                if violations := check_member(one):
                    found += [violation.below("member").below(str(number)) for violation in violations]
            return found

        return check

    def _map(self, shape: Shape) -> Check:
        check_key, check_value, length = self.of(shape.key), self.of(shape.value), _Range(shape, "length")

        def check(value: Any) -> Sequence[Violation]:
            if not isinstance(value, dict):
                return [Violation("Member must be a map", value)]
            found = [Violation(sentence, value) for sentence in length.broken_by(len(value))]
            for key, one in value.items():
                if violations := check_key(key):
                    found += [violation.below("key") for violation in violations]
                if violations := check_value(one):
                    found += [violation.below("member").below(key) for violation in violations]
            return found

        return check


@cache
def _checks(service: str, name: Name) -> _Checks:  # noqa: ARG001 - shapes of two services may have the same name
    return _Checks(name)


def _wire_name(member: Shape, name: str) -> str:
    found: str = member.serialization.get("name", name)
    return found


def _model_name(member: Shape, name: str) -> str:  # noqa: ARG001
    return name


def _anything(value: Any) -> Sequence[Violation]:  # noqa: ARG001
    return ()


def _boolean(value: Any) -> Sequence[Violation]:
    return () if isinstance(value, bool) else [Violation("Member must be true or false", value)]


def _string(shape: Shape) -> Check:
    length, told = _Range(shape, "length"), not shape.metadata.get("sensitive")
    values = frozenset(() if shape.name in _INCOMPLETE else shape.enum)
    written = shape.metadata.get("pattern")
    pattern = _compiled(written) if written else None

    def check(value: Any) -> Sequence[Violation]:
        if not isinstance(value, str):
            return [Violation("Member must be a string", value, told=told)]
        broken = [*length.broken_by(len(value))]
        if values and value not in values:
            broken.append(f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
        if pattern and not pattern.fullmatch(value):
            broken.append(f"Member must satisfy regular expression pattern: {written}")
        return [Violation(sentence, value, told=told) for sentence in broken] if broken else ()

    return check


@cache
def _compiled(pattern: str) -> Any:
    """The models' patterns are Java's, whose classes `re` does not know."""
    return regex.compile(pattern.replace(*_PAIRS), regex.VERSION1)


def _blob(shape: Shape) -> Check:
    length = _Range(shape, "length")

    def check(value: Any) -> Sequence[Violation]:
        if not isinstance(value, bytes | str):
            return [Violation("Member must be a blob", value)]
        content = value if isinstance(value, bytes) else base64.b64decode(value)
        return [Violation(sentence, f"{len(content)} bytes") for sentence in length.broken_by(len(content))]

    return check


def _number(shape: Shape) -> Check:
    size = _Range(shape, "value")

    def check(value: Any) -> Sequence[Violation]:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return [Violation("Member must be a number", value)]
        return [Violation(sentence, value) for sentence in size.broken_by(value)]

    return check


class _Range:
    """What a shape says of the length or the value of what is given for it."""

    def __init__(self, shape: Shape, noun: str) -> None:
        self._least, self._most = shape.metadata.get("min", -math.inf), shape.metadata.get("max", math.inf)
        self._noun = noun

    def broken_by(self, number: float) -> Sequence[str]:
        if self._least <= number <= self._most:
            return ()
        limit = (
            f"greater than or equal to {self._least}" if number < self._least else f"less than or equal to {self._most}"
        )
        return [f"Member must have {self._noun} {limit}"]


def _in_members(operation: OperationModel, given: Any) -> Sequence[Violation]:
    return _checks(operation.service_model.service_name, _model_name).of(operation.input_shape)(given)


def _in_json(operation: OperationModel, given: Any) -> Sequence[Violation]:
    return _checks(operation.service_model.service_name, _wire_name).of(operation.input_shape)(given)


def _given(shape: Shape, call: Call, request: Request) -> dict[str, Any]:
    """What a request of a REST service gives in path, query, headers and JSON body, by the names there."""
    payload = shape.serialization.get("payload")
    if payload is None:
        given = dict(json.loads(call.body or b"{}"))
    else:
        member = shape.members[payload]
        given = {_wire_name(member, payload): json.loads(call.body) if member.type_name == "structure" else call.body}
    for name, member in shape.members.items():
        wire_name, many = _wire_name(member, name), member.type_name == "list"
        match member.serialization.get("location"):
            case "uri":
                text = call.parameters.get(wire_name)
            case "querystring":
                text = (request.args.getlist(wire_name) or None) if many else request.args.get(wire_name)
            case "header":
                text = call.headers.get(wire_name)
            case _:
                continue
        if text is not None:
            given[wire_name] = _read(member, text)
    return given


def _read(shape: Shape, text: Any) -> Any:
    """A value that is a text in path, query or header."""
    match shape.type_name:
        case "list":
            return [_read(shape.member, one) for one in (text if isinstance(text, list) else text.split(","))]
        case "boolean":
            return {"true": True, "false": False}.get(text, text)
        case "integer" | "long":
            return int(text)
        case "double" | "float":
            return float(text)
    return text


class _Form(dict[str, str]):
    """A form that knows what nobody has read."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(fields)
        self.unread = set(fields)

    def get(self, name: str, default: Any = None) -> Any:
        self.unread.discard(name)
        return super().get(name, default)


def _in_form(operation: OperationModel, call: Call) -> Sequence[Violation]:
    form = _Form(dict(parse_qsl(call.body.decode(), keep_blank_values=True)))
    parser = (EC2QueryParser if operation.service_model.protocol == "ec2" else QueryParser)(operation)
    found = _in_members(operation, parser.parse({"values": form}))
    unknown = sorted(form.unread - {"Action", "Version"})
    return [*found, *(Violation(_UNKNOWN, form[name], (name,)) for name in unknown)]


class _XmlReader(RestXMLParser):  # type: ignore[misc] # moto is untyped here
    """Reads a request as AWS's models describe it, and keeps which elements they do not know."""

    def __init__(self, operation: OperationModel) -> None:
        super().__init__(operation)
        self.unknown: list[str] = []

    def _parse_structure(self, shape: Shape, node: Element) -> Any:
        known = {self._member_key_name(member, name) for name, member in shape.members.items()}
        self.unknown += [tag for tag in self._build_name_to_xml_node(node) if tag not in known]
        return super()._parse_structure(shape, node)


def _in_xml(operation: OperationModel, call: Call, request: Request) -> Sequence[Violation]:
    reader = _XmlReader(operation)
    parts = {"headers": call.headers, "body": call.body, "url_params": call.parameters, "values": request.args}
    found = _in_members(operation, reader.parse(parts))
    return [*found, *(Violation(_UNKNOWN, path=(tag,)) for tag in reader.unknown)]
