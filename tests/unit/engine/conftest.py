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
                    "stream": {"start_position": "LATEST", "view_on_remove": "OLD_IMAGE"},
                    "export": {"s3_bucket": "exports", "s3_prefix": "export/", "s3_region": "eu-west-1"},
                }
            ],
            "aws": {"sts_role_arn": ROLE, "region": "eu-west-1"},
        }
    },
    "sink": [
        {
            "opensearch": {
                "hosts": ["https://localhost:9443"],
                "index": "orders",
                "document_id": '${getMetadata("primary_key")}',
                "action": '${getMetadata("opensearch_action")}',
                "document_version": '${getMetadata("document_version")}',
                "document_version_type": "external",
                "max_retries": 3,
                "aws": {"sts_role_arn": ROLE, "region": "eu-west-1"},
                "dlq": {
                    "s3": {
                        "bucket": "dead-letters",
                        "key_path_prefix": "dlq/%{yyyy}",
                        "region": "eu-west-1",
                        "sts_role_arn": ROLE,
                    }
                },
            }
        }
    ],
}


@pytest.fixture
def body() -> Callable[..., dict[str, Any]]:
    """``body(sink={…}, processor=[…])`` is a document with these options of the sink and of the pipeline."""

    def create(*, sink: dict[str, Any] | None = None, **pipeline: Any) -> dict[str, Any]:
        document = deepcopy(PIPELINE) | pipeline
        document["sink"][0]["opensearch"] |= sink or {}
        return {"version": "2", "orders": document}

    return create
