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
INVALID = "invalid"
UNKNOWN_KEY = "unknown key"
UNSIGNED = "unsigned"

# Status and codes as answered by S3, by query services (IAM, STS) and by JSON services, which AWS lists as common
# errors of each: https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html. Some services have a code of
# their own for what is invalid, as Cognito's InvalidParameterException.
_CODES = {
    DENIED: (403, "AccessDenied", "AccessDenied", "AccessDeniedException"),
    INVALID: (400, "InvalidArgument", "ValidationError", "ValidationException"),
    UNKNOWN_KEY: (403, "InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"),
    UNSIGNED: (403, "AccessDenied", "MissingAuthenticationToken", "MissingAuthenticationTokenException"),
}


def response(refusal: Refusal, request: Request, service: str) -> Response:
    """The answer of `service` to a refused request."""
    status, s3_code, query_code, json_code = _CODES[refusal.kind]
    message = escape(refusal.message)
    if target := request.headers.get("X-Amz-Target"):
        namespace = "com.amazon.coral.service#" if target.startswith("DynamoDB") else ""
        body = {"__type": f"{namespace}{json_code}", "message": refusal.message, "Message": refusal.message}
        return Response(json.dumps(body), 400, content_type=request.content_type)
    if request.mimetype == "application/x-www-form-urlencoded":
        error = f"<Error><Type>Sender</Type><Code>{query_code}</Code><Message>{message}</Message></Error>"
        text = f"<ErrorResponse>{error}<RequestId>local</RequestId></ErrorResponse>"
        return Response(text, status, content_type="text/xml")
    if service == "s3":
        text = f"<Error><Code>{s3_code}</Code><Message>{message}</Message></Error>"
        return Response(f'<?xml version="1.0" encoding="UTF-8"?>{text}', status, content_type="application/xml")
    headers = {"x-amzn-ErrorType": json_code}
    body = {"message": refusal.message, "Message": refusal.message}
    return Response(json.dumps(body), status, headers, content_type="application/json")
