"""What checkov reports, against what may be skipped. checkov itself runs in `make scan`."""

import json
from pathlib import Path
from typing import Any

import pytest

from scan import skips
from scan.checkov import Finding, Origin, ScanFailed, readable, verdict
from scan.skips import InvalidSkips, Skip, read, stale, unskipped

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Action": ["sts:AssumeRole"],
            "Principal": {"Service": ["lambda.amazonaws.com"]},
            "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
        }
    ],
}
STACK: dict[str, Any] = {
    "terraform": {"required_version": ">= 1.10"},
    "provider": {"aws": [{"region": "us-east-1"}]},
    "resource": {
        "aws_iam_role": {"seeder_role": {"name": "seeder", "assume_role_policy": json.dumps(TRUST)}},
        "aws_lambda_invocation": {"fill": {"input": json.dumps({"items": 7}), "function_name": "{seeder}"}},
        "aws_s3_bucket": {"logs_bucket": {"bucket": "logs"}},
    },
}


def record(check: str, resource: str) -> dict[str, Any]:
    """A failed check as checkov 3.3 writes it, most of its fields left out."""
    return {
        "check_id": check,
        "bc_check_id": None,
        "check_name": f"Ensure {check}",
        "check_result": {"result": "FAILED", "evaluated_keys": ["resource_type"]},
        "file_path": "/cdk.tf.json",
        "file_line_range": [46, 58],
        "resource": resource,
    }


def output(*failed: dict[str, Any], parsing_errors: int = 0) -> str:
    summary = {"passed": 34, "failed": len(failed), "skipped": 0, "parsing_errors": parsing_errors, "resource_count": 0}
    return json.dumps(
        {"check_type": "terraform_json", "results": {"failed_checks": list(failed)}, "summary": summary, "url": ""}
    )


TESTS = Origin("dev", production=False, stack="state")
PRODUCTION = Origin("prod", production=True, stack="state")


def finding(check: str = "CKV_AWS_145", resource: str = "aws_s3_bucket.logs_bucket", origin: Origin = TESTS) -> Finding:
    return Finding(origin, check, f"Ensure {check}", resource)


def skip(*resources: str, check: str = "CKV_AWS_145", tests_only: bool = False) -> Skip:
    return Skip(check=check, resources=resources, reason="It is right here.", tests_only=tests_only)


def test_every_way_to_name_a_resource_becomes_its_address() -> None:
    said = verdict(
        output(
            record("CKV_AWS_93", "resource.logs_bucket"),
            record("CKV2_AWS_62", "aws_s3_bucket.logs_bucket"),
            record("CKV_AWS_111", "data.seeder_role-assume_role_policy"),
            record("CKV_AWS_41", "provider.aws"),
        ),
        STACK,
        TESTS,
    )
    assert [(failed.check, failed.resource) for failed in said.failed] == [
        ("CKV_AWS_93", "aws_s3_bucket.logs_bucket"),
        ("CKV2_AWS_62", "aws_s3_bucket.logs_bucket"),
        ("CKV_AWS_111", "aws_iam_role.seeder_role"),
        ("CKV_AWS_41", "provider.aws"),
    ]
    assert str(said.failed[0]) == "dev state: CKV_AWS_93 Ensure CKV_AWS_93: aws_s3_bucket.logs_bucket"
    assert (said.resources, said.passed) == (3, 34)


def test_a_role_that_fails_as_itself_and_as_a_document_fails_once() -> None:
    twice = output(
        record("CKV2_AWS_40", "aws_iam_policy_document.seeder_role-assume_role_policy"),
        record("CKV2_AWS_40", "aws_iam_role.seeder_role"),
    )
    assert len(verdict(twice, STACK, TESTS).failed) == 1


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (json.dumps({"passed": 0, "failed": 0, "parsing_errors": 0}), "checked nothing"),
        ("", "checked nothing"),
        (output(parsing_errors=1), "cannot parse"),
    ],
)
def test_no_verdict_is_no_pass(said: str, problem: str) -> None:
    with pytest.raises(ScanFailed, match=f"dev state: .*{problem}"):
        verdict(said, STACK, TESTS)


def test_checkov_reads_documents_as_data_sources() -> None:
    assert readable(STACK) == {
        "provider": STACK["provider"],
        "resource": STACK["resource"],
        "data": {
            "aws_iam_policy_document": {
                "seeder_role-assume_role_policy": {
                    "statement": [
                        {
                            "effect": "Allow",
                            "actions": ["sts:AssumeRole"],
                            "principals": [{"type": "Service", "identifiers": ["lambda.amazonaws.com"]}],
                            "condition": [
                                {"test": "StringEquals", "variable": "aws:SourceAccount", "values": "111122223333"}
                            ],
                        }
                    ]
                }
            }
        },
    }


def test_everybody_is_every_account_to_checkov() -> None:
    policy = {"Statement": [{"Effect": "Allow", "Action": ["s3:GetObject"], "Principal": "*"}]}
    stack = {"resource": {"aws_s3_bucket_policy": {"policy": {"policy": json.dumps(policy)}}}}
    statement = readable(stack)["data"]["aws_iam_policy_document"]["policy-policy"]["statement"][0]
    assert statement["principals"] == [{"type": "AWS", "identifiers": ["*"]}]


def test_data_sources_of_the_stack_stay() -> None:
    data: dict[str, Any] = {"aws_region": {"here": {}}, "aws_iam_policy_document": {"own": {}}}
    assert set(readable({**STACK, "data": data})["data"]) == {"aws_region", "aws_iam_policy_document"}
    assert "own" in readable({**STACK, "data": data})["data"]["aws_iam_policy_document"]


@pytest.mark.parametrize(
    ("reason", "covered"),
    [
        (skip("aws_s3_bucket.logs_bucket"), True),
        (skip("aws_s3_bucket.*"), True),
        (skip("aws_dynamodb_table.*", "aws_s3_bucket.*"), True),
        (skip("aws_s3_bucket.*", tests_only=True), True),
        (skip("aws_s3_bucket.state_bucket"), False),
        (skip("aws_s3_bucket"), False),
        (skip("aws_s3_bucket.*", check="CKV_AWS_14"), False),
    ],
)
def test_a_failure_needs_a_skip_of_its_check_and_resource(reason: Skip, covered: bool) -> None:
    assert unskipped([finding()], [reason]) == ([] if covered else [finding()])


def test_what_is_right_in_tests_only_fails_in_production() -> None:
    tests, production = finding(), finding(origin=PRODUCTION)
    assert unskipped([tests, production], [skip("aws_s3_bucket.*", tests_only=True)]) == [production]
    assert unskipped([tests, production], [skip("aws_s3_bucket.*")]) == []


def test_one_skip_is_enough() -> None:
    assert not unskipped([finding()], [skip("aws_s3_bucket.state_bucket"), skip("aws_s3_bucket.logs_bucket")])


@pytest.mark.parametrize(
    ("reason", "parts"),
    [
        (skip("aws_s3_bucket.*"), []),
        (skip("aws_s3_bucket.gone"), ["CKV_AWS_145 of aws_s3_bucket.gone"]),
        (skip("aws_s3_bucket.*", "aws_s3_bucket.gone"), ["CKV_AWS_145 of aws_s3_bucket.gone"]),
        (skip("aws_s3_bucket.*", tests_only=True), []),
        (skip("aws_s3_bucket.state_bucket", tests_only=True), ["CKV_AWS_145 of aws_s3_bucket.state_bucket in tests"]),
        (skip("aws_s3_bucket.*", check="CKV_AWS_18"), ["CKV_AWS_18 of aws_s3_bucket.*"]),
    ],
)
def test_each_pattern_must_be_needed(reason: Skip, parts: list[str]) -> None:
    findings = [finding(), finding(resource="aws_s3_bucket.state_bucket", origin=PRODUCTION)]
    assert [str(part) for part in stale(findings, [reason])] == parts


GOOD = "check: CKV_AWS_145, resources: [aws_s3_bucket.*], reason: It is right here."


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("skips: [{check: CKV_AWS_145, resources: [a.b]}]", "skips.0.reason: is missing; add it"),
        (f"skips: [{{{GOOD}, because: x}}]", "known are check, resources, reason, tests_only"),
        (f"skips: [{{{GOOD}}}]\nskip: []", "skip: unknown key; known are skips"),
        ("skips: [{check: S3_1, resources: [a.b], reason: Yes it is.}]", "'S3_1' is not allowed; use the id that"),
        ("skips: [{check: CKV_AWS_1, resources: [a.b], reason: ok}]", "'ok' is not allowed; say in one sentence why"),
        ("skips: [{check: CKV_AWS_1, resources: [], reason: Yes it is.}]", "skips.0.resources: "),
        ("skips: [{check: CKV_AWS_1, resources: a.b, reason: Yes it is.}]", "skips.0.resources: 'a.b' is not allowed"),
        (f"skips: [{{{GOOD}, tests_only: dev}}]", "skips.0.tests_only: 'dev' is not allowed; "),
        ("skips: [", "line 2, column 1"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "skips.yaml"
    file.write_text(text)
    with pytest.raises(InvalidSkips) as error:
        read(file)
    assert problem in str(error.value)
    assert str(error.value).startswith(f"{file}: ")


def test_the_shipped_file_is_good() -> None:
    assert read(Path(skips.__file__).with_name("skips.yaml"))
