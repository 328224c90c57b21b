"""Names of one environment in several Regions and accounts stand side by side."""

from dataclasses import replace

from names import Names

HERE = Names("shop", "prod", "111122223333", "eu-central-1")
THERE = replace(HERE, region="us-east-1")
OTHERS = replace(HERE, account_id="444455556666")


def account_wide(names: Names) -> set[str]:
    """IAM knows no Region."""
    table = names.table("orders")
    return {
        names.administrators_role,
        names.analysts_role,
        names.no_group_role,
        names.search_cognito_role,
        names.search_setup_role,
        table.seeder_role,
        table.pipeline(1).role,
    }


def world_wide(names: Names) -> set[str]:
    return {names.export_bucket, names.state_bucket, names.access_log_bucket, names.sign_in_prefix}


def test_roles_of_two_regions_do_not_clash() -> None:
    assert account_wide(HERE).isdisjoint(account_wide(THERE))


def test_what_is_unique_in_the_world_does_not_clash() -> None:
    assert world_wide(HERE).isdisjoint(world_wide(THERE))
    assert world_wide(HERE).isdisjoint(world_wide(OTHERS))


def test_names_of_one_environment_do_not_clash() -> None:
    names = [*account_wide(HERE), *(HERE.table("orders").pipeline(number).role for number in (2, 11))]
    assert len(set(names)) == len(names)


def test_the_account_is_not_published_with_the_sign_in_page() -> None:
    assert HERE.account_id not in HERE.sign_in_prefix
