from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

ROLE = "arn:aws:iam::123456789012:role/pipeline"
PIPELINE: dict[str, Any] = {
    "source": {
        "dynamodb": {
            "acknowledgments": True,
            "tables": [
                {
                    "table_arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
                    "stream": {"start_position": "LATEST"},
                    "export": {"s3_bucket": "exports", "s3_prefix": "export/", "s3_region": "eu-west-1"},
                }
            ],
            "aws": {"sts_role_arn": ROLE, "region": "eu-west-1"},
        }
    },
    "sink": [
        {
            "opensearch": {
                "hosts": ["https://search-orders.eu-west-1.es.amazonaws.com"],
                "index": "orders",
                "document_id": '${getMetadata("primary_key")}',
                "action": '${getMetadata("opensearch_action")}',
                "document_version": '${getMetadata("document_version")}',
                "document_version_type": "external",
                "template_type": "index-template",
                "template_content": '{"template": {"mappings": {}}}',
                "flush_timeout": 1000,
                "max_retries": 10,
                "aws": {"sts_role_arn": ROLE, "region": "eu-west-1"},
                "dlq": {"s3": {"bucket": "dead-letters", "region": "eu-west-1", "sts_role_arn": ROLE}},
            }
        }
    ],
}

ROOTS: dict[str, tuple[str | int, ...]] = {
    "source": ("orders", "source", "dynamodb"),
    "table": ("orders", "source", "dynamodb", "tables", 0),
    "sink": ("orders", "sink", 0, "opensearch"),
    "orders": ("orders",),
    "": (),
}

Changed = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def changed() -> Changed:
    """A valid body without warnings, changed: `changed({"sink.index": "Orders"})`; `...` takes an option away.

    Paths start at `source`, `table` or `sink` (the options of the plugin), at `orders` (the pipeline) or nowhere.
    """

    def change(changes: dict[str, Any] | None = None) -> dict[str, Any]:
        document: dict[str, Any] = {"version": "2", "orders": deepcopy(PIPELINE)}
        for path, value in (changes or {}).items():
            root, _, below = path.partition(".") if "." in path else ("", "", path)
            place: Any = document
            parts: list[Any] = [*ROOTS[root], *below.split(".")]
            *above, last = parts
            for part in above:
                place = place[part]
            if value is ...:
                del place[last]
            else:
                place[last] = value
        return document

    return change
