"""Refusals in the shape that each AWS protocol has for them, so that an SDK raises what it would raise on AWS."""

import json
from dataclasses import dataclass
from xml.sax.saxutils import escape

from moto.core.request import Request
from werkzeug.wrappers import Response


@dataclass(frozen=True)
class Refusal:
    """`kind` chooses the error code, which differs by protocol; `message` is AWS's sentence."""

    kind: str
    message: str


DENIED = "denied"
UNKNOWN_KEY = "unknown key"
UNSIGNED = "unsigned"

# Codes as answered by S3, by query services (IAM, STS) and by JSON services.
_CODES = {
    DENIED: ("AccessDenied", "AccessDenied", "AccessDeniedException"),
    UNKNOWN_KEY: ("InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    UNSIGNED: ("AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException"),
}


def response(refusal: Refusal, request: Request, service: str) -> Response:
    """The answer of `service` to a refused request."""
    s3_code, query_code, json_code = _CODES[refusal.kind]
    message = escape(refusal.message)
    if target := request.headers.get("X-Amz-Target"):
        namespace = "com.amazon.coral.service#" if target.startswith("DynamoDB") else ""
        body = {"__type": f"{namespace}{json_code}", "message": refusal.message, "Message": refusal.message}
        return Response(json.dumps(body), 400, content_type=request.content_type)
    if request.mimetype == "application/x-www-form-urlencoded":
        error = f"<Error><Type>Sender</Type><Code>{query_code}</Code><Message>{message}</Message></Error>"
        text = f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
        return Response(text, 403, content_type="text/xml")
    if service == "s3":
        text = f"<Error><Code>{s3_code}</Code><Message>{message}</Message></Error>"
        return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', 403, content_type="application/xml")
    headers = {"x-amzn-ErrorType": json_code}
    body = {"message": refusal.message, "Message": refusal.message}
    return Response(json.dumps(body), 403, headers, content_type="application/json")
