"""What the record of changes says: nothing that holds data is replaced or deleted but what is listed here."""

import pytest

from changes.alternatives import BASES, OTHER
from changes.record import recorded
from changes.table import done
from reference.settings import table as settings
from review.changes import STATEFUL
from settings import ENVIRONMENTS, load

KEY_OF_THE_DOMAIN = "replace opensearch_domain (encrypt_at_rest.0.kms_key_id)"
SIGN_IN = {"delete cognito_identity_pool", "delete cognito_user_pool"}
# Setting -> what goes with it; docs/changes.md tells the way out of each. A replacement is refused where there is
# protection, a deletion is not: what is taken out of the configuration takes its prevent_destroy with it.
LOSSES = {
    "kms_key_arn": {KEY_OF_THE_DOMAIN, "delete kms_key"},
    "own_key": {KEY_OF_THE_DOMAIN, "delete kms_key"},
    "network": {"replace opensearch_domain (vpc_options)"},
    "tables.<name>.partition_key": {"replace dynamodb_table (hash_key)"},
    "tables.<name>.partition_key.name": {"replace dynamodb_table (hash_key)"},
    "tables.<name>.sort_key": {"replace dynamodb_table (range_key)"},
    "tables.<name>.sort_key.name": {"replace dynamodb_table (range_key)"},
    "tables.<name>.existing": {"delete dynamodb_table"},
    "domain": {"delete opensearchserverless_collection"},
    "collection": {"delete opensearch_domain", *SIGN_IN},
    "collection.standby": {"replace opensearchserverless_collection (standby_replicas)"},
    "existing_domain": {"delete opensearch_domain", "delete opensearchserverless_collection", *SIGN_IN},
}
REFUSED = ", refused"


def stateful(entry: str) -> bool:
    action, kind = entry.split()[:2]
    return action in ("replace", "delete") and f"aws_{kind.rstrip(',')}" in STATEFUL


def test_every_setting_is_changed() -> None:
    names = [line.split("`")[1] for line in settings().splitlines()[2:]]
    assert list(OTHER) == names, "give each setting other values in changes/alternatives.py, in the order of the models"


def test_every_change_is_recorded() -> None:
    assert set(recorded()) == set(BASES), "run `python -m changes record`"
    assert {setting for effects in recorded().values() for setting in effects} == set(OTHER)


def test_nothing_goes_that_is_not_listed() -> None:
    found = {setting: {entry.removesuffix(REFUSED) for entry in done(setting) if stateful(entry)} for setting in OTHER}
    assert {setting: lost for setting, lost in found.items() if lost} == LOSSES


@pytest.mark.parametrize("environment", sorted(path.stem for path in ENVIRONMENTS.glob("*.yaml")))
def test_no_replacement_goes_through_where_there_is_protection(environment: str) -> None:
    if load(environment).deletion_protection:
        for setting, entries in recorded()[environment].items():
            replaced = [entry for entry in entries if entry.startswith("replace") and stateful(entry)]
            assert all(entry.endswith(REFUSED) for entry in replaced), setting
