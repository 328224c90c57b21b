"""The sum: what is always paid, and of what depends on use as much as the settings say."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from cost.prices import Prices
from pipelines import Pipeline
from settings import Collection, Domain, Settings, Table
from settings.search import MASTERS

# As AWS's own calculator counts a month: a twelfth of 365 days.
MONTH_HOURS = Decimal(730)
WEEK_HOURS = Decimal(7 * 24)
MONTH_WEEKS = MONTH_HOURS / WEEK_HOURS

BY_USE = (
    "writes to the tables, reads of them and of their streams",
    "requests to the buckets and what they hold; logs, traces, runs of the functions, mails",
    "transfer of data out of the Region or between its zones",
    "people who sign in, beyond Cognito's free ones",
)


@dataclass(frozen=True)
class Line:
    """What one resource costs in a month, in US dollars and cents; None where no price is known."""

    resource: str
    driver: str
    monthly_usd: Decimal | None


@dataclass(frozen=True)
class Estimate:
    """`once` is what is paid when something is made; `left_out` is what no setting tells enough about."""

    lines: tuple[Line, ...]
    once: tuple[str, ...]
    left_out: tuple[str, ...]

    @property
    def monthly_usd(self) -> Decimal:
        """Of the lines that have a price."""
        return sum((line.monthly_usd for line in self.lines if line.monthly_usd is not None), Decimal("0.00"))

    @property
    def unpriced(self) -> int:
        """Lines without a price."""
        return sum(line.monthly_usd is None for line in self.lines)


def estimate(settings: Settings, prices: Prices) -> Estimate:
    """What the environment costs by `prices`, whatever its own Region is."""
    lines = [_pipeline(pipeline, prices) for pipeline in settings.pipelines]
    if settings.domain is not None:
        lines += _domain(settings.domain, settings.names.domain, prices)
    if settings.collection is not None:
        lines.append(_collection(settings.collection, settings.names.collection, prices))
    lines += _tables(settings, prices)
    if settings.hours is not None:
        lines += [
            Line(
                f"exports of {pipeline.names.pipeline}",
                f"hours.days: {_starts(settings):.1f} starts x tables.{pipeline.key}.expected.gib: {gib}",
                _cents(_starts(settings) * gib * prices.export_gib.usd),
            )
            for pipeline, gib in _exported(settings)
        ]
    lines += _besides(settings, prices)
    return Estimate(tuple(lines), tuple(_once(settings, prices)), tuple(_left_out(settings, prices)))


def _cents(usd: Decimal) -> Decimal:
    return usd.quantize(Decimal("0.01"), ROUND_HALF_UP)


def _running_hours(settings: Settings) -> Decimal:
    hours = settings.hours
    return MONTH_HOURS if hours is None else MONTH_WEEKS * len(hours.days) * hours.minutes / 60


def _starts(settings: Settings) -> Decimal:
    """Starts of each pipeline in a month."""
    return MONTH_WEEKS * len(settings.hours.days) if settings.hours else Decimal(0)


def _pipeline(pipeline: Pipeline, prices: Prices) -> Line:
    units, hours = pipeline.table.units, _running_hours(pipeline.settings)
    of_unit = hours * prices.ingestion_unit_hour.usd
    return Line(
        f"pipeline {pipeline.names.pipeline}",
        f"tables.{pipeline.key}.units.min: {units.min} OCU x {hours:.0f} h; "
        f"at most {_cents(units.max * of_unit):,} with units.max, {units.max}",
        _cents(units.min * of_unit),
    )


def _domain(domain: Domain, name: str, prices: Prices) -> Iterator[Line]:
    yield _nodes(f"data nodes of {name}", "domain.instance_count", domain.instance_count, domain.instance_type, prices)
    if domain.warm is not None:
        yield _nodes(f"warm nodes of {name}", "domain.warm.count", domain.warm.count, domain.warm.type, prices)
    if domain.masters is not None:
        yield _nodes(f"master nodes of {name}", "domain.masters", MASTERS, domain.masters, prices)
    yield Line(
        f"volumes of {name}",
        f"domain.volume_gib: {domain.instance_count} x {domain.volume_gib} GiB of gp3",
        _cents(domain.instance_count * domain.volume_gib * prices.volume_gib_month.usd),
    )
    if domain.iops is not None or domain.throughput_mib is not None:
        yield Line(
            f"speed of the volumes of {name}", "domain.iops, domain.throughput_mib: beyond what gp3 has by itself", None
        )


def _collection(collection: Collection, name: str, prices: Prices) -> Line:
    return Line(
        f"collection {name}",
        f"collection.standby: at least {collection.least_units} OCU x {MONTH_HOURS} h",
        _cents(collection.least_units * MONTH_HOURS * prices.collection_unit_hour.usd),
    )


def _nodes(resource: str, setting: str, count: int, instance_type: str, prices: Prices) -> Line:
    usd = prices.instance_hour.usd.get(instance_type)
    return Line(
        resource,
        f"{setting}: {count} x {instance_type} x {MONTH_HOURS} h",
        None if usd is None else _cents(count * MONTH_HOURS * usd),
    )


def _tables(settings: Settings, prices: Prices) -> Iterator[Line]:
    for key, table in settings.tables.items():
        if table.existing is None and table.expected is not None and table.expected.gib is not None:
            gib = table.expected.gib
            yield Line(
                f"table {settings.names.table(key).table}",
                f"tables.{key}.expected.gib: {gib} GiB, stored and recoverable",
                _cents(gib * (prices.table_gib_month.usd + prices.recovery_gib_month.usd)),
            )


def _besides(settings: Settings, prices: Prices) -> Iterator[Line]:
    if settings.domain is not None and settings.network is not None and settings.network.cidr is not None:
        zones = settings.domain.zone_count
        yield Line(
            "endpoint for Cognito",
            f"network.cidr: {zones} zones x {MONTH_HOURS} h",
            _cents(zones * MONTH_HOURS * prices.endpoint_hour.usd),
        )
    if settings.own_key:
        yield Line("KMS key", "own_key", _cents(prices.key_month.usd))
    if settings.alarms is not None:
        yield Line("dashboard in CloudWatch", "alarms", _cents(prices.dashboard_month.usd))
        if settings.kms_key_arn is None and not settings.own_key:
            yield Line("KMS key of the alarms", "alarms, without own_key or kms_key_arn", _cents(prices.key_month.usd))


def _exported(settings: Settings) -> Iterator[tuple[Pipeline, int]]:
    """Pipelines that export a table of known size, with its GiB."""
    for pipeline in settings.pipelines:
        expected = pipeline.table.expected
        if pipeline.table.exports and expected is not None and expected.gib is not None:
            yield pipeline, expected.gib


def _once(settings: Settings, prices: Prices) -> Iterator[str]:
    for pipeline, gib in _exported(settings):
        yield f"first export of {pipeline.names.pipeline}: {gib} GiB, {_cents(gib * prices.export_gib.usd):,} USD"


def _left_out(settings: Settings, prices: Prices) -> Iterator[str]:
    yield from _not_of_tables(settings.tables)
    if settings.existing_domain is not None:
        yield f"the domain {settings.existing_domain.name}, which is there already"
    if settings.domain is not None:
        yield from _not_of_domain(settings.domain)
    if settings.collection is not None:
        yield from _not_of_collection(settings, prices)
    if settings.network is not None:
        yield "endpoints that OpenSearch Ingestion makes in the subnets"
    if settings.kms_key_arn is not None:
        yield "the KMS key, which is there already"
    if settings.kms_key_arn is not None or settings.own_key:
        yield "requests to the KMS key"
    if settings.alarms is not None:
        yield "the alarms, 10 to 20 cents each"
    if settings.dashboards.threat_protection != "off":
        yield "Cognito's Plus plan, by active user"
    yield from BY_USE


def _not_of_tables(tables: Mapping[str, Table]) -> Iterator[str]:
    for key, table in tables.items():
        if table.existing is not None:
            yield f"the table {table.existing.name}, which is there already"
        if table.expected is None or table.expected.gib is None:
            yield f"what the size of tables.{key} decides: say it in tables.{key}.expected.gib"


def _not_of_domain(domain: Domain) -> Iterator[str]:
    if domain.instance_type.startswith(("or", "om")):
        yield f"managed storage of {domain.instance_type}, by what is stored"
    if domain.warm is not None:
        yield "warm and cold storage, by what is stored"


def _not_of_collection(settings: Settings, prices: Prices) -> Iterator[str]:
    yield (
        "more OCUs of the collection, while much is searched or written or where it holds much; fewer, where other "
        "collections of the account with the same KMS key share them"
    )
    yield f"what the collection stores, {prices.collection_gib_month.usd} USD a GiB"
    if settings.network is not None:
        yield "the VPC endpoint of the collection, by the zone and hour"
