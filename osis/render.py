"""A body as YAML that Data Prepper reads: no anchors, no folding, nothing that was left out."""

import re
from typing import Any

import yaml

from osis.model import LONGEST_BODY, PipelineBody
from osis.problems import InvalidBody, Problem

# libyaml counts columns as a C int.
_UNFOLDED = 2**31 - 1


class _Quoted(str):
    """Text that must not look like a number."""


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    # Line breaks of Unicode would be read back as plain ones unless they are escaped.
    escaped = any(character in text for character in "\x85\u2028\u2029\ufeff")
    # PyYAML leaves 1e5 without quotes; Data Prepper would read a number.
    quoted = isinstance(text, _Quoted) or re.fullmatch(r"[-+]?\d+[eE][-+]?\d+", text, re.ASCII)
    style = '"' if escaped or quoted else "|" if "\n" in text else None
    # libyaml takes no subclass of str.
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style=style)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(_Quoted, _represent_text)


def render(body: PipelineBody) -> str:
    """Return `body` as YAML, options in the model's order. Raises InvalidBody above 24,000 characters.

    `${...}` and `%{...}` stay as they are; whoever puts the text into a template language escapes them there.
    """
    options = body.model_dump(by_alias=True, exclude_unset=True, exclude={"version"})
    document = {"version": _Quoted(body.version)} | options
    text = yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=_UNFOLDED, allow_unicode=True)
    if len(text) > LONGEST_BODY:
        raise InvalidBody([too_long(text)])
    return text


def too_long(text: str) -> Problem:
    return Problem("body", f"has {len(text):,} characters; OpenSearch Ingestion takes at most {LONGEST_BODY:,}")
