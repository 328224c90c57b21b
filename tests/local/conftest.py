import functools
import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import opensearch, tools
from local.emulator import Emulator, start
from tests.local.policy_documents import Statement, allow, document
from tests.local.recording_proxy import RecordingProxy

Client = Callable[..., Any]


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[opensearch.Node]:
    """One OpenSearch node for the whole session; tests use indices of their own."""
    try:
        tools.opensearch()
    except tools.MissingToolError as error:
        pytest.skip(str(error))
    with opensearch.node(tmp_path_factory.mktemp("opensearch")) as started:
        yield started


@pytest.fixture(scope="module")
def proxy(node: opensearch.Node) -> Iterator[RecordingProxy]:
    """Stands before the node and keeps what passes."""
    started = RecordingProxy(node.url)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """An emulator, empty at first, for the tests of one module; without a node."""
    started = start(tmp_path_factory.mktemp("emulator"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Client:
    """``client("s3")`` is the administrator's; ``client("s3", key="…")`` somebody else's."""
    return functools.cache(emulator.client)


@pytest.fixture
def create_role(client: Client, request: pytest.FixtureRequest) -> Callable[..., str]:
    """``create_role(statement, …, trust=statement)``: the ARN of a role of the test's name with one inline policy."""
    trusted = allow("sts:AssumeRole", Principal={"AWS": "123456789012"})

    def create(*statements: Statement, trust: Statement = trusted, suffix: str = "") -> str:
        name = re.sub(r"[^\w+=,.@-]", "-", f"{request.node.name}{suffix}")[-64:]
        role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document(trust))["Role"]
        if statements:
            client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document(*statements))
        arn: str = role["Arn"]
        return arn

    return create


@pytest.fixture
def as_role(client: Client, create_role: Callable[..., str]) -> Callable[..., Client]:
    """``as_role(statement, …)("s3")`` is the client of a session of a role with just these statements."""

    numbers = itertools.count()

    def assume(*statements: Statement) -> Client:
        role = create_role(*statements, suffix=f"-{next(numbers)}")
        session = client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return lambda service: client(service, key=session["AccessKeyId"])

    return assume
