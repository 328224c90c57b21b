"""A policy that grants too much cannot be built."""

import json

import pytest

from stacks.policies import Principal, Statement, document


def test_a_document_says_what_it_was_given() -> None:
    text = document(
        Statement(
            ("s3:GetObject",),
            ("arn:aws:s3:::b/*",),
            principal=Principal("Service", ("s3.amazonaws.com",)),
            conditions={"Bool": {"aws:SecureTransport": "true"}},
        )
    )
    assert json.loads(text) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": ["s3:GetObject"],
                "Principal": {"Service": ["s3.amazonaws.com"]},
                "Resource": ["arn:aws:s3:::b/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "true"}},
            }
        ],
    }


@pytest.mark.parametrize(
    ("actions", "resources", "message"),
    [
        (("s3:*",), ("arn:aws:s3:::b",), "'s3:\\*' is not one action"),
        (("*",), ("arn:aws:s3:::b",), "is not one action"),
        (("dynamodb:Describe*",), ("arn:x",), "is not one action"),
        (("s3:GetObject",), ("*",), "on every resource"),
    ],
)
def test_wildcards_are_refused(actions: tuple[str, ...], resources: tuple[str, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Statement(actions, resources)


def test_everybody_is_refused_unless_denied() -> None:
    with pytest.raises(ValueError, match="name the principal"):
        Statement(("s3:GetObject",), ("arn:x",), principal="*")
    assert Statement(("s3:*",), ("arn:x",), principal="*", effect="Deny").as_json()["Principal"] == "*"


def test_the_http_methods_of_a_domain_are_the_one_exception() -> None:
    assert Statement(("es:ESHttp*",), ("arn:x/*",)).as_json()["Action"] == ["es:ESHttp*"]
