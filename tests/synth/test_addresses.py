"""Addresses as CDKTF writes them, and as they are read."""

import json
from pathlib import Path
from typing import Any

import pytest

from stacks.addresses import make_readable


def element(path: str, **arguments: str) -> dict[str, Any]:
    return {"//": {"metadata": {"path": path, "uniqueId": "as CDKTF had it"}}, **arguments}


def readable(tmp_path: Path, stack: dict[str, Any]) -> dict[str, Any]:
    file = tmp_path / "cdk.tf.json"
    file.write_text(json.dumps(stack))
    make_readable(file)
    return dict(json.loads(file.read_text()))


def test_everything_is_called_by_its_path_wherever_it_is_spoken_of(tmp_path: Path) -> None:
    stack = {
        "//": {"outputs": {"pipeline": {"key-arn": "key-arn"}}},
        "data": {"aws_kms_alias": {"own-key": element("pipeline/own-key")}},
        "output": {"key-arn": {"value": "${data.aws_kms_alias.own-key.target_key_arn}"}},
        "resource": {
            "aws_s3_bucket": {"export_bucket_0A1B2C3D": element("pipeline/export/bucket")},
            "aws_s3_bucket_policy": {
                "export_policy_4E5F6A7B": element(
                    "pipeline/export/policy",
                    policy='{"Resource": "${aws_s3_bucket.export_bucket_0A1B2C3D.arn}/*"}',
                    text="aws_s3_bucket.another, export_bucket_0A1B2C3D",
                    depends_on="aws_s3_bucket.export_bucket_0A1B2C3D",
                )
            },
        },
    }
    result = readable(tmp_path, stack)
    assert result["data"]["aws_kms_alias"].keys() == {"own_key"}
    assert result["output"] == {"key_arn": {"value": "${data.aws_kms_alias.own_key.target_key_arn}"}}
    assert result["//"]["outputs"] == {"pipeline": {"key-arn": "key_arn"}}
    assert result["resource"]["aws_s3_bucket"].keys() == {"export_bucket"}
    policy = result["resource"]["aws_s3_bucket_policy"]["export_policy"]
    assert policy["policy"] == '{"Resource": "${aws_s3_bucket.export_bucket.arn}/*"}'
    assert policy["depends_on"] == "aws_s3_bucket.export_bucket"
    assert policy["//"]["metadata"]["uniqueId"] == "export_policy"
    assert policy["text"] == "aws_s3_bucket.another, export_bucket_0A1B2C3D", "is not an address of this stack"


def test_two_paths_never_become_one_address(tmp_path: Path) -> None:
    roles = {"a_1": element("pipeline/a-b/role"), "a_2": element("pipeline/a/b-role")}
    with pytest.raises(ValueError, match="a_1, a_2"):
        readable(tmp_path, {"resource": {"aws_iam_role": roles}})
