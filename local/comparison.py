"""Table against index, item by item: what a person would see if they looked at every one."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from opensearchpy import OpenSearch

AttributeValue = Mapping[str, Any]
Item = Mapping[str, AttributeValue]

PAGE = 10_000
"""Documents that one search gives at most (OpenSearch documentation, index.max_result_window)."""


def differences(items: Mapping[str, Item], documents: Mapping[str, Any]) -> Iterator[str]:
    """One line for each document id that is missing, left over, or different."""
    for identity in sorted(items.keys() | documents.keys()):
        if identity not in documents:
            yield f"{identity}: in the table, not in the index"
        elif identity not in items:
            yield f"{identity}: in the index, not in the table"
        elif not same({"M": items[identity]}, documents[identity]):
            yield f"{identity}: the item is {items[identity]}, the document {documents[identity]}"


def same(value: AttributeValue, seen: Any) -> bool:
    """Whether `seen`, read from a document, is what a DynamoDB attribute value (`{"S": "a"}`) becomes in JSON.

    Numbers are compared as a JSON reader sees them, to about 15 digits; DynamoDB keeps 38. A set is a list in
    any order.
    """
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return type(seen) is type(content) and bool(seen == content)
        case "N":
            return type(seen) in (int, float) and float(seen) == float(content)
        case "B":
            return bool(seen == base64.b64encode(content).decode())
        case "NULL":
            return seen is None
        case "M":
            return (
                isinstance(seen, dict)
                and seen.keys() == content.keys()
                and all(same(content[name], seen[name]) for name in content)
            )
        case "L":
            return isinstance(seen, list) and len(seen) == len(content) and all(map(same, content, seen))
        case "SS" | "NS" | "BS":
            return (
                isinstance(seen, list)
                and len(seen) == len(content)
                and all(any(same({kind[0]: member}, other) for other in seen) for member in content)
            )
        case _:
            raise ValueError(f"{kind!r} is no DynamoDB type")


def items_of(dynamodb: Any, table: str) -> dict[str, Item]:
    """Every item of the table, by the document id that its key gives: `partition` or `partition|sort`."""
    keys = [key["AttributeName"] for key in dynamodb.describe_table(TableName=table)["Table"]["KeySchema"]]
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return {
        "|".join(str(next(iter(item[key].values()))) for key in keys): item for page in pages for item in page["Items"]
    }


def documents_of(search: OpenSearch, index: str) -> dict[str, Any]:
    """Every document that a search finds now, by id; empty where there is no index yet.

    Asks for nothing but searches, all of it in their bodies: who may only search may not scroll, and the service
    ignores the parameters of a signed POST.
    """
    found: dict[str, Any] = {}
    # An index without a document has no ids to sort by.
    page: dict[str, Any] = {"size": PAGE, "sort": [{"_id": {"unmapped_type": "keyword"}}]}
    while True:
        # 503: the shards of an index that has just been made have not started yet.
        answer = search.search(index=index, body=page, ignore=(404, 503))
        hits = answer["hits"]["hits"] if "hits" in answer else []
        found |= {hit["_id"]: hit["_source"] for hit in hits}
        if len(hits) < PAGE:
            return found
        page["search_after"] = hits[-1]["sort"]
