"""The demo of an account, where the local AWS stands for it: nothing but the endpoint tells the demo that.

Only the domain is made before Terraform comes to it, and deleted after: the provider waits ten minutes each time.
"""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from local import emulator, on_aws, opensearch
from local.account import Account
from local.deployment import System
from settings import ENVIRONMENTS, load

ITEMS = 100
# How a service is asked for what it has: operation, list in the answer.
LISTS = {
    "cognito-idp": ("list_user_pools", "UserPools", {"MaxResults": 60}),
    "dynamodb": ("list_tables", "TableNames", {}),
    "iam": ("list_roles", "Roles", {}),
    "lambda": ("list_functions", "Functions", {}),
    "logs": ("describe_log_groups", "logGroups", {}),
    "opensearch": ("list_domain_names", "DomainNames", {}),
    "osis": ("list_pipelines", "Pipelines", {}),
    "s3": ("list_buckets", "Buckets", {}),
}


def there(account: Account) -> dict[str, list[Any]]:
    """What the account has, by service."""
    return {
        service: getattr(account.client(service), operation)(**options)[answer]
        for service, (operation, answer, options) in LISTS.items()
    }


def told(runs: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((runs / "demo-aws.json").read_text())
    return report


def test_the_demo_of_an_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    document = yaml.safe_load((ENVIRONMENTS / "dev.yaml").read_text())
    document |= {"account_id": emulator.ACCOUNT, "dashboards": {"analysts": {"users": ["someone@example.com"]}}}
    document["tables"]["orders"]["seeding"] = {"items": ITEMS, "changes": 2}
    file, runs = tmp_path / "trial.yaml", tmp_path / "runs"
    file.write_text(yaml.safe_dump(document))
    runs.mkdir()
    destroy = System.destroy

    def run(**options: bool) -> int:
        return on_aws.run(str(file), runs, Console(), account=account, **{"yes": False, "destroy": False, **options})

    with opensearch.node(tmp_path) as node:
        aws = emulator.start(tmp_path / "aws", node_url=node.url)
        try:
            for name, value in {**aws.environment, "AWS_CA_BUNDLE": str(aws.ca_file)}.items():
                monkeypatch.setenv(name, value)
            account = Account(load(str(file)), domain_first=True, apply_seconds=900, search_seconds=300)
            before = there(account)

            # Without a yes it only tells what it would do, and what that costs.
            assert run() == 1
            assert "cost: environment=trial monthly_usd=202.70" in capsys.readouterr().out
            assert there(account) == before

            # The whole story, interrupted before its end.
            monkeypatch.setattr(System, "destroy", interrupted)
            with pytest.raises(KeyboardInterrupt):
                run(yes=True)
            assert f"Destroy it: make demo ON=aws ENVIRONMENT={file} DESTROY=1" in capsys.readouterr().out
            report = told(runs)
            assert (report["outcome"], report["refusals"], report["differed"]) == ("interrupted", [], [])
            result = report["result"]
            assert 0 < result["items"] == result["documents"] < ITEMS
            assert result["differences"] == 0
            assert result["panels"] >= 7
            assert any("second plan" in phase["title"] for phase in report["phases"])
            # Nobody was mailed, and who signed in has a second factor.
            assert aws.outbox.read_text() == ""
            (pool,) = account.client("cognito-idp").list_user_pools(MaxResults=60)["UserPools"]
            (user,) = account.client("cognito-idp").list_users(UserPoolId=pool["Id"])["Users"]
            described = account.client("cognito-idp").admin_get_user(UserPoolId=pool["Id"], Username=user["Username"])
            assert described["UserMFASettingList"] == ["SOFTWARE_TOKEN_MFA"]
            # The door that was opened for that is shut again.
            (client,) = account.client("cognito-idp").list_user_pool_clients(UserPoolId=pool["Id"], MaxResults=60)[
                "UserPoolClients"
            ]
            named = {"UserPoolId": pool["Id"], "ClientId": client["ClientId"]}
            flows = account.client("cognito-idp").describe_user_pool_client(**named)["UserPoolClient"]
            assert "ALLOW_USER_PASSWORD_AUTH" not in flows.get("ExplicitAuthFlows", [])

            # What is there is in the way of another, until it is destroyed.
            assert told(runs)["left"] == account.left() != []
            with pytest.raises(on_aws.Refused, match="is unfinished; end it first: make demo ON=aws"):
                run(yes=True)
            monkeypatch.setattr(System, "destroy", destroy)
            assert run(destroy=True) == 0
            assert told(runs)["outcome"] == "done"
            assert told(runs)["left"] == []
            assert (runs / "demo-aws.md").read_text().startswith("# The demo on AWS: trial, done\n")
            assert [path.name for path in runs.iterdir() if path.is_dir()] == []
            assert there(account) == before
        finally:
            aws.stop()


def interrupted(_: System) -> None:
    raise KeyboardInterrupt
