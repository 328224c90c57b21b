"""The summary that people decide by."""

from review.changes import Plan
from review.github import LONGEST, joined
from review.summary import MOST, markdown, one_line
from tests.unit.review.test_changes import plan, resource

NOTHING = plan()
ORDERS, ROLE = "aws_dynamodb_table.source_orders_table", "aws_iam_role.a"


def test_what_would_be_lost_comes_first() -> None:
    replaced = resource(ORDERS, "delete", "create", replace_paths=[["hash_key"]])
    text = markdown("prod", {"state": NOTHING, "pipeline": plan(resource(ROLE, "create"), replaced)})
    assert text.splitlines()[:5] == [
        "## Plan of prod",
        "",
        "> [!CAUTION]",
        "> **No apply brings back what is lost here:**",
        f"> - pipeline: **replace** `{ORDERS}`: hash_key",
    ]


def test_without_a_loss_there_is_no_alarm() -> None:
    assert "CAUTION" not in markdown("prod", {"pipeline": plan(resource(ORDERS, "update"), resource(ROLE, "delete"))})


def test_each_stack_is_counted() -> None:
    changes = [resource("aws_iam_role.a", "create"), resource("aws_iam_role.b", "create"), resource(ORDERS, "update")]
    lines = markdown("prod", {"state": NOTHING, "pipeline": plan(*changes), "seeding": "Error: no bucket"}).splitlines()
    assert "| stack | create | update | replace | delete | forget |" in lines
    assert "| state |  |  |  |  |  |" in lines
    assert "| pipeline | 2 | 1 |  |  |  |" in lines
    assert "| seeding | failed |" in lines
    assert lines[lines.index("**seeding** has no plan:") + 2 :] == ["```text", "Error: no bucket", "```"]


def test_every_change_is_told() -> None:
    update = resource(ORDERS, "update", before={"a": 1}, after={"a": 2})
    text = markdown("dev", {"pipeline": plan(update, resource(ROLE, "delete"))}, note="From nothing.")
    assert "From nothing." in text
    details = text.split("<summary>pipeline</summary>")[1].split("</details>")[0].split("\n\n")[1].splitlines()
    assert details == [f"- **delete** `{ROLE}`", f"- update `{ORDERS}`: a"]


def test_a_long_list_is_cut_of_what_is_harmless() -> None:
    many: Plan = plan(
        *(resource(f"aws_iam_role.a{number:03}", "create") for number in range(MOST)), resource(ORDERS, "delete")
    )
    text = markdown("dev", {"pipeline": many})
    assert f"- **delete** `{ORDERS}`" in text
    assert "- and 1 more" in text
    assert f"a{MOST - 1:03}" not in text


def test_the_last_line_has_the_figures() -> None:
    plans: dict[str, Plan | str] = {
        "state": plan(resource(ORDERS, "delete")),
        "pipeline": plan(resource(ROLE, "create")),
        "seeding": "Error",
    }
    assert one_line("dev", plans) == (
        "plan: environment=dev stacks=3 failed=1 create=1 update=0 replace=0 delete=1 forget=0 lost=1"
    )


def test_no_summary_is_cut_for_the_length_of_another() -> None:
    short = "## Plan of prod\n> [!CAUTION]\n"
    text = joined(["long line\n" * LONGEST, short])
    assert short in text
    assert "(cut: " in text
    assert len(text) < LONGEST
