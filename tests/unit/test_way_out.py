"""How two outputs are compared, what may differ, and that the rename finds everything. The synths: tests/synth."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from way_out import candidates
from way_out.candidates import CANDIDATES, RENAME, ROOT, Candidate, CannotTry, copy, rename, synthesize
from way_out.comparison import Difference, differences
from way_out.listed import LISTED, Listed, stale, unlisted

FILE = "dev/stacks/state/cdk.tf.json"
STACK: dict[str, Any] = {
    "terraform": {"required_version": ">= 1.10", "required_providers": {"aws": {"version": "5.100.0"}}},
    "resource": {"aws_s3_bucket": {"state_bucket": {"bucket": "state", "tags": [{"key": "a"}, {"key": "b"}]}}},
    "data": {"aws_kms_alias": {"key": {"name": "alias/a"}}},
}


def folder(parent: Path, stack: dict[str, Any], package: bytes = b"zip") -> Path:
    file = parent / FILE
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(stack, indent=2))
    (file.parent / "package.zip").write_bytes(package)
    return parent


def changed(*path: Any, value: Any = None) -> dict[str, Any]:
    """The stack with another value there; without a value, with nothing there."""
    stack: dict[str, Any] = json.loads(json.dumps(STACK))
    node: Any = stack
    for key in path[:-1]:
        node = node.setdefault(key, {}) if isinstance(node, dict) else node[key]
    if value is None:
        del node[path[-1]]
    else:
        node[path[-1]] = value
    return stack


def compared(tmp_path: Path, stack: dict[str, Any]) -> list[str]:
    return [str(one) for one in differences(folder(tmp_path / "a", STACK), folder(tmp_path / "b", stack))]


def test_the_same_text_in_another_layout_is_no_difference(tmp_path: Path) -> None:
    before, after = folder(tmp_path / "a", STACK), folder(tmp_path / "b", STACK)
    (after / FILE).write_text(json.dumps(dict(reversed(STACK.items()))))
    assert differences(before, after) == []


@pytest.mark.parametrize(
    ("stack", "difference"),
    [
        (
            changed("resource", "aws_s3_bucket", "state_bucket", "bucket", value="other"),
            'aws_s3_bucket.state_bucket.bucket: "state" today, "other" then',
        ),
        (
            changed("resource", "aws_s3_bucket", "state_bucket", "tags", 1, "key", value="c"),
            'aws_s3_bucket.state_bucket.tags[1].key: "b" today, "c" then',
        ),
        (
            changed("resource", "aws_s3_bucket", "state_bucket", "tags", value=[{"key": "a"}]),
            'aws_s3_bucket.state_bucket.tags: [{"key": "a"}, {"key": "b"}] today, [{"key": "a"}] then',
        ),
        (
            changed("resource", "aws_s3_bucket", "state_bucket", "region", value="us-east-1"),
            'aws_s3_bucket.state_bucket.region: nothing today, "us-east-1" then',
        ),
        (
            changed("data", "aws_kms_alias", "key"),
            'data.aws_kms_alias.key: {"name": "alias/a"} today, nothing then',
        ),
        (
            changed("resource", "aws_sns_topic", "alarms", value={"name": "alarms"}),
            'aws_sns_topic.alarms: nothing today, {"name": "alarms"} then',
        ),
        (
            changed("terraform", "required_providers", "aws", "version", value="6.25.0"),
            'terraform.required_providers.aws.version: "5.100.0" today, "6.25.0" then',
        ),
    ],
)
def test_a_difference_is_named_by_address_and_attribute(tmp_path: Path, stack: dict[str, Any], difference: str) -> None:
    assert compared(tmp_path, stack) == [f"{FILE}: {difference}"]


def test_a_number_is_not_a_boolean(tmp_path: Path) -> None:
    before, after = (
        folder(tmp_path / name, changed("resource", "aws_s3_bucket", "state_bucket", "force_destroy", value=value))
        for name, value in (("a", True), ("b", 1))
    )
    assert [one.at for one in differences(before, after)] == ["aws_s3_bucket.state_bucket.force_destroy"]


def test_long_values_are_cut(tmp_path: Path) -> None:
    (line,) = compared(tmp_path, changed("resource", "aws_s3_bucket", "state_bucket", "bucket", value="x" * 500))
    assert line.endswith("x… then")
    assert len(line) < 300


def test_packages_are_compared_to_the_byte_and_files_missed(tmp_path: Path) -> None:
    before, after = folder(tmp_path / "a", STACK), folder(tmp_path / "b", STACK, package=b"pack")
    (after / "dev" / "manifest.json").write_text("{}")
    assert [str(one) for one in differences(before, after)] == [
        'dev/manifest.json: the file: nothing today, "2 bytes" then',
        'dev/stacks/state/package.zip: the file: "3 bytes" today, "4 bytes" then',
    ]


def found(at: str) -> Difference:
    return Difference(FILE, at, "5.100.0", "6.25.0")


def test_a_difference_needs_a_reason_of_its_own_candidate() -> None:
    listed = (Listed("terraform.required_providers.aws.version", ("aws-6",), "Because."),)
    at = found("terraform.required_providers.aws.version")
    other = found("terraform.required_providers.aws.source")
    assert unlisted("aws-6", [at, other], listed) == [other]
    assert unlisted("cdktn", [at], listed) == [at]


def test_a_reason_without_a_difference_is_stale() -> None:
    listed = (Listed("version", ("aws-6",), "Because."),)
    assert stale("aws-6", [found("version")], listed) == []
    assert stale("aws-6", [], listed) == list(listed)
    assert stale("cdktn", [], listed) == []


def test_nothing_of_a_resource_may_differ() -> None:
    """A state keeps its addresses and a plan stays empty as long as only these do."""
    assert all(re.match(r"terraform\.required_providers\.aws\.|//\.metadata\.|version$", one.at) for one in LISTED)
    assert {name for one in LISTED for name in one.candidates} <= {candidate.name for candidate in CANDIDATES}


def test_rename_leaves_no_import_of_cdktf(tmp_path: Path) -> None:
    imports = re.compile(r"^\s*(?:from|import) +(cdkt[a-z_]+)", re.MULTILINE)
    sources = tmp_path / "sources"
    copy(sources)
    before = {file: file.read_text() for file in sources.rglob("*.py")}
    rename(sources)
    after = {file: file.read_text() for file in sources.rglob("*.py")}
    assert {name for text in before.values() for name in imports.findall(text)} == {"cdktf", "cdktf_cdktf_provider_aws"}
    assert {name for text in after.values() for name in imports.findall(text)} == {"cdktn", "cdktn_provider_aws"}
    assert 'PACKAGE = "cdktn_provider_aws"' in after[sources / "stacks" / "bindings.py"]
    # What Lambda gets and what the settings say is not touched.
    assert {file.relative_to(sources).parts[0] for file in after if before[file] != after[file]} == {"stacks"}


def test_a_copy_holds_what_a_synth_reads_and_no_tools(tmp_path: Path) -> None:
    copy(tmp_path / "sources")
    there = {path.name for path in (tmp_path / "sources").iterdir()}
    assert {"main.py", "names.py", "environments", "functions", "settings", "stacks", "way_out", ".build"} <= there
    assert not there & {".git", ".venv", ".local", "cdktf.out", "tests", "docs"}


def test_each_candidate_has_pinned_and_hashed_requirements() -> None:
    for candidate in CANDIDATES:
        lines = (ROOT / "way_out" / f"{candidate.name}.txt").read_text().splitlines()
        pins = [line for line in lines if line and not line.startswith(("#", " "))]
        assert pins
        assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+ \\", line) for line in pins)
        assert sum("--hash=sha256:" in line for line in lines) >= len(pins)


def test_says_what_to_do_where_packages_are_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(candidates, "BUILD", tmp_path)
    with pytest.raises(CannotTry, match=r"^way_out/cdktn\.txt is not installed in .*cdktn; run `make way-out`$"):
        synthesize(Candidate("cdktn", renamed=True), ["dev"], tmp_path / "output")


def test_the_guide_applies_the_same_script() -> None:
    assert f"sed -i -f way_out/{RENAME.name} " in (ROOT / "docs" / "way-out.md").read_text()
