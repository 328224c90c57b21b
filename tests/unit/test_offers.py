"""What OpenSearch Service offers, as the file has it: dated, sourced, and one with what else speaks of it."""

from typing import get_args

from cost import Prices
from dashboards import NEEDED_MAJOR
from settings.offers import OFFERS, Offer, family_of
from settings.search import Domain, Warm
from settings.values import Region


def test_every_offer_has_a_page_of_aws() -> None:
    named = {value.source for _, value in OFFERS if isinstance(value, Offer)}
    assert named == OFFERS.sources.keys()
    assert all(source.startswith("https://docs.aws.amazon.com/") for source in OFFERS.sources.values())


def test_every_place_is_one_of_ours() -> None:
    assert OFFERS.zones_of_newer_accounts.offered.keys() <= set(get_args(Region))


def test_every_family_is_one_that_is_offered() -> None:
    families = OFFERS.largest_volume_gib.offered.keys()
    assert families >= {
        *OFFERS.least_volume_gib.offered,
        *OFFERS.most_nodes.offered,
        *OFFERS.graviton_masters.offered,
        *OFFERS.graviton.offered,
    }


def test_volumes_grow_with_the_type() -> None:
    for sizes in OFFERS.largest_volume_gib.offered.values():
        assert list(sizes.values()) == sorted(sizes.values())
    (largest,) = (limit.le for limit in Domain.model_fields["volume_gib"].metadata if hasattr(limit, "le"))
    assert largest == max(gib for sizes in OFFERS.largest_volume_gib.offered.values() for gib in sizes.values())


def test_what_has_a_price_is_offered() -> None:
    warm = set(get_args(Warm.model_fields["type"].annotation))
    for instance_type in Prices.read().instance_hour.usd.keys() - warm:
        assert instance_type.split(".")[1] in OFFERS.sizes(family_of(instance_type)), instance_type


def test_the_dashboards_are_for_every_version_that_is_made() -> None:
    majors = {int(version.partition(".")[0]) for version in OFFERS.engine_versions.offered}
    assert min(majors) == NEEDED_MAJOR
    assert Domain.model_fields["engine_version"].default.removeprefix("OpenSearch_") in OFFERS.engine_versions.offered
