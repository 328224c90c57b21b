"""What the doctor expects of a deployment is what the stacks make."""

from doctor.quotas import reserved
from settings import load
from tests.synth.conftest import StacksOf


def test_functions_reserve_what_is_expected(environment: str, stacks_of: StacksOf) -> None:
    made = {
        function["function_name"]: function["reserved_concurrent_executions"]
        for stack in stacks_of(environment).values()
        for function in stack["resource"].get("aws_lambda_function", {}).values()
    }
    assert made == reserved(load(environment))
