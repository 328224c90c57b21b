"""BatchWriteItem, and nothing else of DynamoDB."""

import json
import os

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import NoCredentialsError
from urllib3 import PoolManager, Timeout
from urllib3.exceptions import NewConnectionError, ProtocolError
from urllib3.exceptions import TimeoutError as NoAnswer

from .items import Request

# Seconds.
CONNECT_TIMEOUT, READ_TIMEOUT = 2, 6
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
HEADERS = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.BatchWriteItem"}
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html
PASSING = {
    "InternalServerError",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
}


class Refused(Exception):
    """No answer, or an error: its code, its message, and whether the same request may succeed later."""

    def __init__(self, code: str, message: str, *, passes: bool) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.passes = code, message, passes


class DynamoDB:
    """Signs by botocore and sends by urllib3, for so many threads at a time; never tries again by itself.

    boto3's client is only asked where DynamoDB is: it would check and copy each attribute by its model of the service,
    and work out the endpoint anew for each request, which takes the processor twice as long as all that writing is
    otherwise (docs/performance.md).
    """

    def __init__(self, connections: int) -> None:
        session = boto3.Session()
        client = session.client("dynamodb")
        self._url, self._region = f"{client.meta.endpoint_url}/", client.meta.region_name
        self._credentials = session.get_credentials()
        self._http = PoolManager(
            maxsize=connections,
            timeout=Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
            retries=False,
            # Only where certificates are not those of AWS.
            ca_certs=os.environ.get("AWS_CA_BUNDLE"),
        )

    def batch_write_item(self, table: str, requests: list[Request]) -> list[Request]:
        """The UnprocessedItems. Raises Refused."""
        if self._credentials is None:
            raise NoCredentialsError
        body = b'{"RequestItems":{%b:[%b]}}' % (json.dumps(table).encode(), b",".join(requests))
        request = AWSRequest("POST", self._url, headers=HEADERS, data=body)
        SigV4Auth(self._credentials.get_frozen_credentials(), "dynamodb", self._region).add_auth(request)
        try:
            answer = self._http.request("POST", self._url, body=body, headers=dict(request.headers.items()))
        except (NewConnectionError, ProtocolError, NoAnswer) as error:
            raise Refused(type(error).__name__, str(error), passes=True) from error
        if answer.status != 200:
            raise _refused(answer.status, answer.data)
        unprocessed = json.loads(answer.data)["UnprocessedItems"].get(table, [])
        return [json.dumps(request).encode() for request in unprocessed]


def _refused(status: int, content: bytes) -> Refused:
    try:
        error = json.loads(content)
        code = error["__type"].rpartition("#")[2]
        # AccessDeniedException has it in upper case.
        message = error.get("message") or error.get("Message") or ""
    except (ValueError, LookupError):
        code, message = f"HTTP {status}", repr(content[:200])
    return Refused(code, message, passes=code in PASSING or status >= 500)
