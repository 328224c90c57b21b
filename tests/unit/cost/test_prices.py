"""The file of prices: what ships is complete, and what is wrong is said."""

from pathlib import Path

import pytest

from cost import InvalidPrices, Prices
from cost.prices import PRICES
from settings import ENVIRONMENTS, load


def test_every_node_of_a_shipped_environment_has_a_price() -> None:
    prices = Prices.read()
    for file in ENVIRONMENTS.glob("*.yaml"):
        domain = load(file.stem).domain
        warm = domain.warm.type if domain and domain.warm else None
        types = {domain.instance_type, domain.masters, warm} - {None} if domain else set()
        assert types <= prices.instance_hour.usd.keys(), file


def test_every_source_is_one_of_a_price() -> None:
    prices = Prices.read()
    assert {value.source for _, value in prices if hasattr(value, "source")} == prices.sources.keys()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('date: "2026-10-01"', 'date: "October"', "date: 'October' is not allowed; Input should be a valid date"),
        ("region: us-east-1", "region: nowhere", "region: 'nowhere' is not allowed; Input should be 'ap-northeast-1'"),
        ("t3.small.search: 0.036", "t3.small.search: 0", "instance_hour.usd.t3.small.search: 0 is not allowed"),
        (
            "{ usd: 0.24, source: samples",
            "{ usd: cheap, source: samples",
            "ingestion_unit_hour.usd: 'cheap' is not allowed; Input should be a valid decimal",
        ),
        ("export_gib:", "export_gb:", "export_gib: is missing; add it"),
        ("usd: 0.10, source: overviews", "usd: 0.10, source: hearsay", "export_gib.source: 'hearsay' is not among"),
        ("usd: 0.10, source: overviews", "usd: 0.10", "export_gib.source: is missing; add it"),
        ("usd: 0.10, source", "per: 1, usd: 0.10, source", "export_gib.per: unknown key; remove it"),
        ("sources:", "sources: [", "line "),
    ],
)
def test_refuses(old: str, new: str, message: str, tmp_path: Path) -> None:
    text = PRICES.read_text()
    assert text.count(old) == 1
    file = tmp_path / "prices.yaml"
    file.write_text(text.replace(old, new))
    with pytest.raises(InvalidPrices) as refusal:
        Prices.read(file)
    assert str(refusal.value).startswith(f"{file}: {message}")
