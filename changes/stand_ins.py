"""What stands for a value that only AWS would tell, so that a plan can be taken for applied."""

import zlib
from collections.abc import Callable
from functools import partial
from typing import Any

# Where a provider looks closer at a value.
FORMS = {
    ("aws_cognito_user_pool", "id"): "us-east-1_{number}",
    ("aws_cognito_identity_pool", "id"): "us-east-1:11111111-1111-1111-1111-{number:0>12}",
    ("aws_kms_key", "key_id"): "11111111-1111-1111-1111-{number:0>12}",
    ("aws_kms_key", "arn"): "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-{number:0>12}",
    ("aws_kms_alias", "target_key_arn"): "arn:aws:kms:us-east-1:111122223333:key/11111111-1111-1111-1111-{number:0>12}",
}
# What many resources have for their id.
NAMES = ("bucket", "function_name", "domain_name", "domain", "name")
# What AWS makes up itself.
TOLD = ("id", "endpoint", "name", "url", "version", "zone")
# In the lists of a data source: as many as anybody asks for, but for the one app client that the service makes.
SEVERAL, ONLY_ONE = 6, "client_ids"


def applied(change: dict[str, Any], schema: dict[str, Any], type_: str, address: str) -> dict[str, Any]:
    """The attributes of a resource after its planned `change`, with stand-ins for what is unknown.

    `schema` is the resource type's, as `terraform providers schema -json` has it.
    """
    unknown = change["after_unknown"] or {}
    return dict(_block(change["after"] or {}, unknown if isinstance(unknown, dict) else {}, schema, (type_, address)))


def data(schema: dict[str, Any], type_: str, name: str) -> dict[str, Any]:
    """What a data source finds."""
    return {
        attribute: _value(definition["type"], (type_, f"{type_}.{name}"), attribute, {}, several=True)
        for attribute, definition in schema["attributes"].items()
    }


def _block(after: dict[str, Any], unknown: dict[str, Any], schema: dict[str, Any], of: tuple[str, str]) -> Any:
    values = dict(after)
    for name, definition in schema.get("attributes", {}).items():
        fill = partial(_value, of=of, name=name, after=after)
        values[name] = _filled(values.get(name), unknown.get(name), definition["type"], fill)
    for name, nested in schema.get("block_types", {}).items():
        single = nested["nesting_mode"] not in ("list", "set")
        there, missing = values.get(name), unknown.get(name)
        if isinstance(there, list):
            missing = missing if isinstance(missing, list) else []
            missing = [*missing, *[{}] * (len(there) - len(missing))]
            inner = zip(there, missing, strict=True)
            values[name] = [_block(one, part or {}, nested["block"], of) for one, part in inner]
        elif isinstance(there, dict):
            values[name] = _block(there, missing or {}, nested["block"], of)
        else:
            values[name] = None if single else []
    return values


def _filled(value: Any, unknown: Any, type_: Any, fill: Callable[[Any], Any]) -> Any:
    if unknown is True:
        return fill(type_)
    if isinstance(unknown, dict) and unknown:
        inner = type_[1] if type_[0] == "object" else dict.fromkeys(unknown, type_[1])
        there = value or {}
        return {key: _filled(there.get(key), unknown.get(key), inner.get(key), fill) for key in {**there, **unknown}}
    if isinstance(unknown, list) and unknown:
        there = [*(value or []), *[None] * (len(unknown) - len(value or []))]
        return [_filled(one, part, type_[1], fill) for one, part in zip(there, unknown, strict=True)]
    return value


def _value(type_: Any, of: tuple[str, str], name: str, after: dict[str, Any], *, several: bool = False) -> Any:
    match type_:
        case "string":
            return _text(of, name, after)
        case "number":
            return 0
        case "bool":
            return False
        case ["list" | "set", inner]:
            count = 0 if not several else 1 if name == ONLY_ONE else SEVERAL
            return [f"{_value(inner, of, name, after)}{number}" for number in range(count)]
        case ["object", inner]:
            return {key: _value(one, of, key, after) for key, one in inner.items()}
    return {}


def _text(of: tuple[str, str], name: str, after: dict[str, Any]) -> str:
    kind, address = of
    number = zlib.crc32(address.encode()) % 10**9
    if (kind, name) in FORMS:
        return FORMS[kind, name].format(number=number)
    if name == "id" and (named := next((after[one] for one in NAMES if isinstance(after.get(one), str)), None)):
        return str(named)
    if "arn" in name:
        return f"arn:aws:any:us-east-1:111122223333:{address}"
    # The rest is what AWS leaves empty where nobody chose.
    return f"x-{number}" if any(part in name for part in TOLD) else ""
