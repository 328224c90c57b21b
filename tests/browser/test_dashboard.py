"""The dashboard as a person sees it: a real OpenSearch, a real Dashboards, a real browser."""

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import urllib3
from boto3.dynamodb.types import TypeDeserializer
from opensearchpy import OpenSearch, RequestError
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait

from dashboards import queries
from functions.search_setup.dashboards import import_objects, start_at
from functions.search_setup.domain import Domain
from functions.seeder.orders import Orders
from local import dashboards, opensearch, security, tools
from settings import Settings, load

COUNT = 300
START_PAGE = "/app/dashboards#/view/orders-overview"
SCREENSHOT = Path(__file__).parent.parent.parent / ".local" / "dashboard.png"
READ_PANELS = Path(__file__).with_name("read_panels.js").read_text()
RENDER_SECONDS = 120
PAGE_OF_ROWS = 50  # Dashboards' own, of a saved search on a dashboard

_plain: Callable[[Any], Any] = TypeDeserializer().deserialize
Row = dict[str, Any]


@pytest.fixture(scope="module")
def settings() -> Settings:
    return load("local")


@pytest.fixture(scope="module")
def rows(settings: Settings) -> list[Row]:
    seeding = settings.tables["orders"].seeding
    assert seeding
    orders = Orders(COUNT, seeding.seed, seeding.until)
    items = (orders[number] for number in range(COUNT))
    return [{name: _plain(value) for name, value in item.items()} for item in items]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory, settings: Settings, rows: list[Row]) -> Iterator[OpenSearch]:
    """A client of a node of its own, which has the orders: in the pipeline's index, searched by its alias."""
    try:
        tools.require(tools.opensearch, tools.dashboards, tools.browser)
    except tools.MissingToolError as error:
        pytest.skip(str(error))
    with opensearch.node(tmp_path_factory.mktemp("opensearch")) as started:
        client = OpenSearch(started.url, headers=security.identity())
        (pipeline,) = settings.pipelines
        (family,) = pipeline.families
        client.indices.create(
            index=family.index,
            body={"mappings": {"properties": pipeline.template["properties"]}, "aliases": {family.alias: {}}},
        )
        lines = [line for row in rows for line in ({"index": {"_id": row["order_id"]}}, row)]
        body = "".join(f"{json.dumps(line, default=_json)}\n" for line in lines)
        assert not client.bulk(body=body, index=family.index, refresh=True)["errors"]
        yield client


def _json(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else sorted(value)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory, settings: Settings, node: OpenSearch) -> Iterator[str]:
    """Dashboards, after the set-up function's part."""
    (host,) = node.transport.hosts
    with dashboards.running(f"http://{host['host']}:{host['port']}", tmp_path_factory.mktemp("dashboards")) as started:
        domain = Domain(OpenSearch(started.url), seconds_left=lambda: 120)
        import_objects(domain, settings.saved_objects)
        start_at(domain, START_PAGE)
        yield started.url + dashboards.BASE_PATH


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory, url: str) -> Iterator[webdriver.Chrome]:
    found = tools.browser()
    options = webdriver.ChromeOptions()
    options.binary_location = str(found.program)
    for argument in (
        "headless=new",
        "no-sandbox",  # which does not start as root or in a container
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "window-size=1400,2400",
        f"user-data-dir={tmp_path_factory.mktemp('browser')}",
    ):
        options.add_argument(f"--{argument}")
    # With the path of the driver Selenium looks for none, let alone downloads one.
    service = webdriver.ChromeService(str(found.driver), env={**os.environ, "SE_OFFLINE": "true"})
    with webdriver.Chrome(options, service) as started:
        yield started


@pytest.fixture(scope="module")
def panels(driver: webdriver.Chrome, url: str) -> dict[str, Any]:
    """What is on each panel by its title, all read at one moment, as the dashboard refreshes itself."""
    driver.get(url + START_PAGE)
    try:
        read = WebDriverWait(driver, RENDER_SECONDS).until(lambda page: page.execute_script(READ_PANELS))
    except TimeoutException:
        text = driver.find_element(By.TAG_NAME, "body").text
        pytest.fail(f"the dashboard was not drawn in {RENDER_SECONDS} s; the page says: {text[:2000]}")
    finally:
        SCREENSHOT.parent.mkdir(exist_ok=True)
        shown = driver.find_elements(By.ID, "dashboardViewport") or driver.find_elements(By.TAG_NAME, "body")
        shown[0].screenshot(str(SCREENSHOT))
    return {panel.pop("title"): panel for panel in read}


def measured(panel: dict[str, Any]) -> dict[str, float]:
    """The values of a chart's bars or points, summed by series."""
    sums: dict[str, float] = {}
    for label, value in panel["measured"]:
        sums[label] = sums.get(label, 0.0) + value
    return sums


def by(name: str, rows: list[Row], value: Callable[[Row], Any] = lambda _: 1) -> dict[str, Any]:
    sums: Counter[str] = Counter()
    for row in rows:
        sums[row[name]] += value(row)
    return dict(sums.most_common())


def test_dashboards_begins_with_the_dashboard(url: str) -> None:
    answer = urllib3.request("GET", f"{url}/", redirect=False)
    assert (answer.status, answer.headers["location"]) == (302, dashboards.BASE_PATH + START_PAGE)


def test_every_panel_is_drawn(
    panels: dict[str, Any], node: OpenSearch, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\nscreenshot: {SCREENSHOT}\n")
    assert list(panels) == [
        "Documents",
        "Total by currency",
        "Documents over time by category",
        "Documents by category",
        "Documents by status",
        "Total over time by currency",
        "Documents by location",
        "Latest documents",
    ]
    (map_,) = (request for request in queries(settings.saved_objects) if request.id == "orders-map")
    try:
        node.search(index=map_.index, body=map_.body)
        has_maps = True
    except RequestError as error:
        # The small distribution from Maven has no aggregations on a grid of the world.
        assert "Unknown aggregation type" in str(error.info)  # noqa: PT017 - the rest is for a node that has them
        has_maps = False
    failed = [title for title, panel in panels.items() if panel["failed"]]
    assert failed == ([] if has_maps else ["Documents by location"])
    for panel in panels.values():
        assert "No results found" not in panel["text"]


def test_numbers_are_those_of_the_orders(panels: dict[str, Any], rows: list[Row]) -> None:
    assert panels["Documents"]["numbers"] == [[str(COUNT), "Count"]]
    totals = by("currency", rows, lambda row: row["total"])
    assert panels["Total by currency"]["numbers"] == [
        [f"{total:,.2f}", f"{currency} - Sum of total"] for currency, total in totals.items()
    ]


@pytest.mark.parametrize("name", ["category", "status"])
def test_bars_are_as_long_as_the_orders_are_many(panels: dict[str, Any], rows: list[Row], name: str) -> None:
    panel = panels[f"Documents by {name}"]
    counts = [round(value, 3) for _, value in panel["measured"]]
    assert counts == sorted(counts, reverse=True)
    assert dict(zip(panel["categories"], counts, strict=True)) == by(name, rows)


def test_bars_over_time_add_up(panels: dict[str, Any], rows: list[Row]) -> None:
    assert measured(panels["Documents over time by category"]) == pytest.approx(by("category", rows))


def test_lines_over_time_add_up(panels: dict[str, Any], rows: list[Row]) -> None:
    totals = by("currency", rows, lambda row: float(row["total"]))
    assert measured(panels["Total over time by currency"]) == pytest.approx(totals)


def test_latest_documents_come_first(panels: dict[str, Any], rows: list[Row]) -> None:
    panel = panels["Latest documents"]
    assert f"1–{PAGE_OF_ROWS} of {COUNT}" in panel["text"]  # noqa: RUF001 - the dash is Dashboards'
    latest = sorted(rows, key=lambda row: row["updated_at"], reverse=True)[:PAGE_OF_ROWS]
    columns = ("order_id", "customer", "product", "status", "currency")
    shown = [[cells[0], *cells[2:5], cells[6]] for cells in panel["rows"]]
    assert shown == [[row[name] for name in columns] for row in latest]
