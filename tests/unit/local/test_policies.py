from typing import Any

import pytest

from local.emulator.policies import Decision, Request, UnsupportedPolicyError, evaluate, pinned

ALLOW, EXPLICIT_DENY, IMPLICIT_DENY = Decision.ALLOW, Decision.EXPLICIT_DENY, Decision.IMPLICIT_DENY


def decide(statement: dict[str, Any], request: Request, principals: frozenset[str] | None = None) -> Decision:
    return evaluate([{"Statement": {"Effect": "Allow", **statement}}], request, principals)


@pytest.mark.parametrize(
    ("pattern", "action", "decision"),
    [
        ("s3:GetObject", "s3:GetObject", ALLOW),
        ("S3:getobject", "s3:GetObject", ALLOW),
        ("s3:Get*", "s3:GetObject", ALLOW),
        ("s3:GetObjec?", "s3:GetObject", ALLOW),
        ("*", "s3:GetObject", ALLOW),
        ("s3:GetObjec", "s3:GetObject", IMPLICIT_DENY),
        ("s3:[A-Z]etObject", "s3:GetObject", IMPLICIT_DENY),
        (["s3:PutObject", "s3:GetObject"], "s3:GetObject", ALLOW),
    ],
)
def test_action(pattern: str | list[str], action: str, decision: Decision) -> None:
    assert decide({"Action": pattern, "Resource": "*"}, Request(action, "arn")) is decision


@pytest.mark.parametrize(
    ("pattern", "resource", "decision"),
    [
        ("arn:aws:s3:::bucket/a/*", "arn:aws:s3:::bucket/a/b/c", ALLOW),
        ("arn:aws:s3:::bucket/a/*", "arn:aws:s3:::bucket/a", IMPLICIT_DENY),
        ("arn:aws:s3:::Bucket/*", "arn:aws:s3:::bucket/a", IMPLICIT_DENY),
        ("arn:aws:s3:::bucket.a/*", "arn:aws:s3:::bucket-a/b", IMPLICIT_DENY),
    ],
)
def test_resource(pattern: str, resource: str, decision: Decision) -> None:
    assert decide({"Action": "*", "Resource": pattern}, Request("s3:GetObject", resource)) is decision


def test_not_action_and_not_resource() -> None:
    statement = {"NotAction": "s3:Delete*", "NotResource": "arn:aws:s3:::secret/*"}
    assert decide(statement, Request("s3:GetObject", "arn:aws:s3:::open/a")) is ALLOW
    assert decide(statement, Request("s3:DeleteObject", "arn:aws:s3:::open/a")) is IMPLICIT_DENY
    assert decide(statement, Request("s3:GetObject", "arn:aws:s3:::secret/a")) is IMPLICIT_DENY


def test_deny_wins_wherever_it_stands() -> None:
    allow = {"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    deny = {"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}]}
    for documents in ([allow, deny], [deny, allow]):
        assert evaluate(documents, Request("s3:GetObject", "arn")) is EXPLICIT_DENY
        assert evaluate(documents, Request("sns:Publish", "arn")) is ALLOW


@pytest.mark.parametrize(
    ("principal", "decision"),
    [
        ("*", ALLOW),
        ({"AWS": "*"}, ALLOW),
        ({"AWS": ["other", "me"]}, ALLOW),
        ({"Service": "me"}, ALLOW),
        ({"AWS": "other"}, IMPLICIT_DENY),
    ],
)
def test_principal(principal: Any, decision: Decision) -> None:
    statement = {"Principal": principal, "Action": "*", "Resource": "*"}
    assert decide(statement, Request("s3:GetObject", "arn"), frozenset({"me"})) is decision


CONTEXT: dict[str, str | tuple[str, ...]] = {
    "aws:sourceaccount": "123456789012",
    "aws:sourcearn": "arn:aws:osis:us-east-1:123456789012:pipeline/dev",
    "aws:securetransport": "true",
    "provider:amr": ("authenticated", "provider"),
}


@pytest.mark.parametrize(
    ("operator", "key", "wanted", "holds"),
    [
        ("StringEquals", "aws:SourceAccount", "123456789012", True),
        ("StringEquals", "AWS:sourceaccount", ["999999999999", "123456789012"], True),
        ("StringEquals", "aws:SourceAccount", "12345678901*", False),
        ("StringEquals", "aws:Absent", "x", False),
        ("StringLike", "aws:SourceAccount", "12345678901*", True),
        ("ArnLike", "aws:SourceArn", "arn:aws:osis:*:123456789012:pipeline/*", True),
        ("ArnLike", "aws:SourceArn", "arn:aws:osis:us-east-1:999999999999:pipeline/*", False),
        ("ArnLike", "aws:SourceArn", "arn:aws:osis:*", False),
        ("ArnEquals", "aws:SourceArn", "arn:aws:osis:us-east-1:123456789012:pipeline/dev", True),
        ("Bool", "aws:SecureTransport", "true", True),
        ("Bool", "aws:SecureTransport", True, True),
        ("Bool", "aws:SecureTransport", "false", False),
        ("ForAnyValue:StringLike", "provider:amr", "auth*", True),
        ("ForAnyValue:StringLike", "provider:amr", "un*", False),
        ("Null", "aws:Absent", "true", True),
        ("Null", "aws:Absent", "false", False),
        ("Null", "AWS:sourceaccount", "true", False),
        ("Null", "aws:SourceAccount", "false", True),
    ],
)
def test_condition(operator: str, key: str, wanted: Any, holds: bool) -> None:
    statement = {"Action": "*", "Resource": "*", "Condition": {operator: {key: wanted}}}
    assert decide(statement, Request("sts:AssumeRole", "arn", CONTEXT)) is (ALLOW if holds else IMPLICIT_DENY)


def test_every_condition_must_hold() -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "123456789012"}, "Bool": {"aws:SecureTransport": "false"}}
    statement = {"Action": "*", "Resource": "*", "Condition": condition}
    assert decide(statement, Request("sts:AssumeRole", "arn", CONTEXT)) is IMPLICIT_DENY


@pytest.mark.parametrize(
    ("element", "message"),
    [
        ({"Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}}, "condition operator 'NumericLessThan'"),
        ({"Condition": {"ForAllValues:StringLike": {"a": "b"}}}, "condition operator 'ForAllValues:StringLike'"),
        ({"Resource": "arn:aws:s3:::${aws:username}/*"}, "policy variable"),
        ({"NotPrincipal": {"AWS": "x"}}, "NotPrincipal"),
    ],
)
def test_what_is_not_known_is_an_error(element: dict[str, Any], message: str) -> None:
    with pytest.raises(UnsupportedPolicyError, match=message):
        decide({"Action": "*", "Resource": "*", **element}, Request("s3:GetObject", "arn"))


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ({"Effect": "Allow", "Condition": {"StringEquals": {"a:one": "x"}, "ArnLike": {"A:Two": "y"}}}, True),
        ({"Effect": "Allow", "Condition": {"StringEquals": {"a:one": "x"}}}, False),
        ({"Effect": "Allow"}, False),
        ({"Effect": "Deny"}, True),
    ],
)
def test_pinned(statement: dict[str, Any], kept: bool) -> None:
    for written in (statement, [statement]):
        assert pinned([{"Statement": written}], ("a:One", "a:two")) == [{"Statement": [statement] if kept else []}]
