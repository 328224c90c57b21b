"""The door of the emulator: every request is authenticated, held to AWS's own model of it, and authorized before moto
sees it. What could not have come here from its VPC gets no answer."""

import threading
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from moto.core.request import Request

from local.emulator import calls, constraints, networks, refusals
from local.emulator.authorization import (
    ADMINISTRATOR,
    Authorizer,
    Caller,
    current_caller,
    identify,
)
from local.emulator.coordination import ExportSchedulerHold
from local.emulator.policies import Decision
from local.emulator.refusals import Refusal

# The operations of Cognito that an application calls before it has credentials.
# https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flows-public-server-side.html
_UNSIGNED_TARGETS = {
    "AWSCognitoIdentityProviderService.AssociateSoftwareToken": "cognito-idp",
    "AWSCognitoIdentityProviderService.InitiateAuth": "cognito-idp",
    "AWSCognitoIdentityProviderService.RespondToAuthChallenge": "cognito-idp",
    "AWSCognitoIdentityProviderService.VerifySoftwareToken": "cognito-idp",
    "AWSCognitoIdentityService.GetCredentialsForIdentity": "cognito-identity",
    "AWSCognitoIdentityService.GetId": "cognito-identity",
}
_UNSIGNED = Refusal(refusals.UNSIGNED, "Missing Authentication Token")
_UNKNOWN_KEY = Refusal(refusals.UNKNOWN_KEY, "The security token included in the request is invalid.")


class Gate:
    """A WSGI application around moto's; the server closes the connection of a request that raises `NoWayError`."""

    def __init__(self, application: Any, authorizer: Authorizer) -> None:
        self._application = application
        self._authorizer = authorizer
        self._hold = ExportSchedulerHold()
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        request = Request(environ)
        body = request.get_data(cache=False)
        environ["wsgi.input"] = BytesIO(body)
        environ["CONTENT_LENGTH"] = str(len(body))
        credential = calls.credential(request.headers.get("Authorization"))
        if credential is None:
            service = _UNSIGNED_TARGETS.get(request.headers.get("X-Amz-Target", ""))
            if service is None:
                # What names neither target nor action is S3's: the one service that is used without a signature.
                return refusals.response(_UNSIGNED, request, "s3")(environ, start_response)
            if refusal := _invalid(calls.read(request, body, service, region=""), request):
                return refusals.response(refusal, request, service)(environ, start_response)
            return self._pass_on(environ, start_response)
        caller = identify(credential.key, credential.region)
        if caller is None:
            return refusals.response(_UNKNOWN_KEY, request, credential.service)(environ, start_response)
        networks.require_way_to_service(self._authorizer, caller, credential.service, credential.region)
        call = calls.read(request, body, credential.service, credential.region)
        if refusal := _invalid(call, request) or self._refusal(caller, call):
            return refusals.response(refusal, request, call.service)(environ, start_response)
        current_caller.set(caller)
        if call.service != "dynamodb":
            return self._pass_on(environ, start_response)
        self._hold.observe(call, credential.key)
        # moto's tables are not safe to change from several threads, and the order of a stream is that of its writes.
        with self._one_at_a_time:
            return self._pass_on(environ, start_response)

    def _pass_on(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer: Iterable[bytes] = self._application(environ, start_response)
        return answer

    def _refusal(self, caller: Caller, call: calls.Call) -> Refusal | None:
        try:
            needs = calls.needs(call)
        except calls.UnknownCallError as error:
            decision = Decision.ALLOW if caller is ADMINISTRATOR else Decision.IMPLICIT_DENY
            action = f"{call.service}:{call.operation}"
            return self._authorizer.decided(caller, action, "*", decision, f"because {error}")
        found = (self._authorizer.refusal(caller, *need[:2], call.region, need.context) for need in needs)
        return next(filter(None, found), None)


def _invalid(call: calls.Call, request: Request) -> Refusal | None:
    violations = constraints.violations(call, request)
    return Refusal(refusals.INVALID, constraints.message(violations)) if violations else None
