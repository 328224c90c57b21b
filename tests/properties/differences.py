"""Where our model and Data Prepper are known to differ, by name and with the reason."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Stricter:
    """Our model refuses, with a message like `says`, what Data Prepper takes; in places like `where`."""

    name: str
    says: str
    reason: str
    where: str = ""

    def covers(self, problem: str) -> bool:
        path, _, message = problem.partition(": ")
        return bool(re.search(self.says, message) and re.search(self.where, path))


@dataclass(frozen=True)
class Laxer:
    """Data Prepper refuses what our model takes: a value like `given`, in places like `where`."""

    name: str
    given: str
    reason: str
    where: str = ""

    def covers(self, place: str, value: Any) -> bool:
        return isinstance(value, str) and bool(re.search(self.given, value) and re.search(self.where, place))


_ASKED_LATER = "AWS refuses it when the pipeline asks, after minutes"
_NO_SENSE = "Data Prepper reads it as something that nobody means who writes it"
_SERVICE = "OpenSearch Ingestion does not offer it"

STRICTER: Sequence[Stricter] = (
    Stricter("Regions", "is not an AWS Region", _ASKED_LATER),
    Stricter("buckets", "is not a bucket name", _ASKED_LATER),
    Stricter("roles", "is not the ARN of an IAM role", _ASKED_LATER),
    Stricter("tables", "is not the ARN of a DynamoDB table", _ASKED_LATER),
    Stricter("keys of KMS", "is not the ARN of a KMS key", _ASKED_LATER),
    Stricter("accounts", "is not an account", _ASKED_LATER),
    Stricter("lengths", r"characters long; it must be", _ASKED_LATER),
    Stricter("index names", "an index name cannot have|start it with a letter|bytes long", "found out on connecting"),
    Stricter("upper case in index names", "has upper case", "found out on connecting", r"\.index$"),
    Stricter("date patterns", "date pattern", "found out on connecting", r"\.index$"),
    Stricter("endpoints", "is not an endpoint|plain HTTP", "found out on connecting", r"\.hosts"),
    Stricter("files", "OpenSearch Ingestion has none", _SERVICE),
    Stricter("not on the service", "not available", _SERVICE),
    Stricter("versions", "is not supported; use", "OpenSearch Ingestion documents 2 only", "version$"),
    Stricter("numbers as flags", "is not true or false", _NO_SENSE),
    Stricter("cut numbers", "is not a whole number", _NO_SENSE),
    Stricter("other words", "is not allowed; use", _NO_SENSE, r"\.(template_type|transform_key)$"),
    Stricter("nulls in lists and maps", "None is not text", _NO_SENSE),
    Stricter("blank names", "is empty", _NO_SENSE),
    Stricter("options of links", "is not a known option", _NO_SENSE, r"\.pipeline\."),
    Stricter("without effect", "has a meaning only beside|adds to nothing", _NO_SENSE),
    Stricter("locales", "is not a locale", _NO_SENSE),
    Stricter("empty repetitions", "nothing to repeat", _NO_SENSE, r"\.from$"),
    Stricter(
        "unread files",
        "no bucket or no key",
        "Data Prepper does not read it beside template_content, and a policy of indices later",
        r"_file$",
    ),
    Stricter("unread action", "", "Data Prepper does not read it beside actions", r"\.opensearch\.action$"),
    Stricter("unread conditions", "is not an expression", "Data Prepper does not read it there", "_element_when$"),
    Stricter("retries", "is too small; at least 1", "the documents are never sent", r"\.max_retries$"),
    Stricter("other sources", "has no DynamoDB source", "the model is of pipelines from DynamoDB"),
    Stricter("missing", "is required", "found out on the first event or connection"),
)

# Seen only where several options are changed at once, with a running Data Prepper.
STRICTER_TOGETHER: Sequence[Stricter] = (
    Stricter("one name twice", "is another name for", "the last one counts, the other is not read"),
    Stricter("nothing to read", "nothing would be read", _NO_SENSE),
    Stricter("scripts", "cannot stand beside document_version_type", "it looks for it in lower case", r"\.script$"),
)

LAXER: Sequence[Laxer] = (
    Laxer("filled in later", r"\$\{\{?.*\}", "a body is checked before its placeholders are filled in"),
    Laxer("locales", "^[A-Za-z]{2,3}([-_]|$)", "of a language and a country only the form is checked", r"\.locale$"),
)
