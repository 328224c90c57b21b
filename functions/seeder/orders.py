"""Sample data: the orders of a small shop over 90 days, with growth and the rhythm of weeks and days."""

from bisect import bisect
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import accumulate
from random import Random
from typing import NamedTuple, TypeVar

from .items import Item, as_json

T = TypeVar("T")

DAYS = 90
# Seconds. Times of an order are seconds after the start of the 90 days: a million of them are to be made quickly.
MINUTE, HOUR, DAY = 60, 3600, 86_400
END = DAYS * DAY
# Orders by hour of the day (UTC) and by weekday from Monday, relative to each other.
BY_HOUR = (2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 10, 11, 13, 11, 9, 9, 10, 12, 15, 18, 19, 16, 10, 5)
BY_WEEKDAY = (10, 9, 9, 10, 12, 15, 14)

FIRST_NAMES = ("Ada", "Ben", "Chloe", "Elif", "Farid", "Grace", "Hugo", "Ines", "Kofi", "Mei", "Priya", "Yuki")
LAST_NAMES = ("Abadi", "Baker", "Costa", "Dubois", "Garcia", "Huang", "Meyer", "Novak", "Okafor", "Patel", "Walsh")
TAGS = ("coupon", "first-order", "gift", "mobile", "newsletter", "repeat")
NOTES = (
    "Ring twice.",
    "Leave the parcel with the neighbour.",
    "Gift: no invoice in the parcel, please.",
    "Called about the delivery date.",
    "Asked for a stronger box after the last one arrived dented.",
)


class Product(NamedTuple):
    category: str
    name: str
    cents: int
    weight: int


class City(NamedTuple):
    name: str
    latitude: float
    longitude: float
    currency: str
    weight: int


PRODUCTS = (
    Product("books", "Atlas of Rivers", 3490, 6),
    Product("books", "Bread at Home", 2450, 10),
    Product("books", "The Quiet Harbour", 1290, 18),
    Product("electronics", "Desk Lamp", 4590, 9),
    Product("electronics", "Noise-Cancelling Headphones", 19900, 7),
    Product("electronics", "Portable Speaker", 7900, 8),
    Product("electronics", "Robot Vacuum", 34900, 3),
    Product("garden", "Pruning Shears", 2790, 6),
    Product("garden", "Raised Bed", 8990, 3),
    Product("garden", "Tomato Seeds", 390, 12),
    Product("kitchen", "Cast-Iron Pan", 5490, 7),
    Product("kitchen", "Coffee Grinder", 8490, 6),
    Product("kitchen", "Tea Towels", 1590, 11),
    Product("sports", "Climbing Rope", 12900, 2),
    Product("sports", "Running Shoes", 11990, 8),
    Product("sports", "Yoga Mat", 3290, 9),
    Product("toys", "Marble Run", 4990, 5),
    Product("toys", "Wooden Train", 2990, 7),
)
CITIES = (
    City("Amsterdam", 52.37, 4.90, "EUR", 7),
    City("Berlin", 52.52, 13.40, "EUR", 12),
    City("Chicago", 41.88, -87.63, "USD", 6),
    City("Dublin", 53.35, -6.26, "EUR", 5),
    City("Lisbon", 38.72, -9.14, "EUR", 5),
    City("London", 51.51, -0.13, "GBP", 14),
    City("Madrid", 40.42, -3.70, "EUR", 8),
    City("Melbourne", -37.81, 144.96, "AUD", 4),
    City("New York", 40.71, -74.01, "USD", 11),
    City("Paris", 48.86, 2.35, "EUR", 12),
    City("San Francisco", 37.77, -122.42, "USD", 7),
    City("Sydney", -33.87, 151.21, "AUD", 5),
    City("Toronto", 43.65, -79.38, "CAD", 6),
    City("Vienna", 48.21, 16.37, "EUR", 6),
    City("Zurich", 47.37, 8.54, "CHF", 4),
)
PRODUCT_WEIGHTS = tuple(accumulate(product.weight for product in PRODUCTS))
CITY_WEIGHTS = tuple(accumulate(city.weight for city in CITIES))
QUANTITIES = (1, 1, 1, 1, 1, 2, 2, 2, 3, 4)
DISCOUNTS = (0, 0, 0, 0, 10, 20)  # per cent

# What a round of changes makes of an order; the other two states are final.
NEXT_STATUS = {"pending": "paid", "paid": "shipped", "shipped": "delivered", "delivered": "returned"}


class Orders:
    """`count` orders of the 90 days before `until` (ISO 8601, UTC).

    Order n depends on seed, n and `until` only, and costs the same whatever n is: a larger fill adds to a smaller one.
    """

    key = ("order_id",)

    def __init__(self, count: int, seed: int, until: str) -> None:
        self._count = count
        self._seed = seed
        self._start = datetime.fromisoformat(until).replace(tzinfo=None) - timedelta(days=DAYS)

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, number: int, /) -> Item:
        # Of all of Random, only seeding and random() give the same values on every Python version.
        random = Random(f"{self._seed}/{number}").random  # noqa: S311 - makes sample data
        product = _weighted(random, PRODUCTS, PRODUCT_WEIGHTS)
        city = _weighted(random, CITIES, CITY_WEIGHTS)
        cents = product.cents * (100 - _one(random, DISCOUNTS)) // 100
        quantity = _one(random, QUANTITIES)
        express = random() < 0.2
        created = self._created(random)
        status, updated = _status(random, created, express)
        item: Item = {
            "order_id": {"S": f"order-{number + 1:07}"},
            "customer": {"S": f"{_one(random, FIRST_NAMES)} {_one(random, LAST_NAMES)}"},
            "category": {"S": product.category},
            "product": {"S": product.name},
            "status": {"S": status},
            "price": {"N": f"{cents / 100:.2f}"},
            "quantity": {"N": str(quantity)},
            "total": {"N": f"{cents * quantity / 100:.2f}"},
            "currency": {"S": city.currency},
            "created_at": {"S": self._iso(created)},
            "updated_at": {"S": self._iso(updated)},
            "city": {"S": city.name},
            "location": {
                "M": {
                    "lat": {"N": f"{city.latitude + (random() - 0.5) / 5:.4f}"},
                    "lon": {"N": f"{city.longitude + (random() - 0.5) / 5:.4f}"},
                }
            },
            "tags": {"SS": sorted({_one(random, TAGS), _one(random, TAGS)})},
            "express": {"BOOL": express},
        }
        if random() < 0.08:
            item["notes"] = {"S": _one(random, NOTES)}
        return item

    def text(self, number: int, /) -> bytes:
        """The order as JSON."""
        return as_json(self[number])

    def changed(self, number: int, round_: int, /) -> Item:
        """The order a step further, `round_` hours after the 90 days."""
        item = self[number]
        status = item["status"]["S"]
        return {
            **item,
            "status": {"S": NEXT_STATUS.get(status, status)},
            "updated_at": {"S": self._iso(END + round_ * HOUR)},
            "notes": {"S": f"Changed in round {round_}."},
        }

    @cached_property
    def _hours(self) -> tuple[int, ...]:
        """Orders in the hours of the 90 days, relative to each other, summed up; the last day has twice the first's."""
        hours = [self._start + timedelta(hours=hour) for hour in range(DAYS * 24)]
        return tuple(
            accumulate(
                (DAYS * 24 + number) * BY_WEEKDAY[hour.weekday()] * BY_HOUR[hour.hour]
                for number, hour in enumerate(hours)
            )
        )

    def _created(self, random: Callable[[], float]) -> int:
        return _weighted(random, range(DAYS * 24), self._hours) * HOUR + int(random() * HOUR)

    def _iso(self, seconds: int) -> str:
        return f"{(self._start + timedelta(seconds=seconds)).isoformat()}Z"


def _status(random: Callable[[], float], created: int, express: bool) -> tuple[str, int]:
    """What has become of the order by the end, and when."""
    paid = created + _between(random, MINUTE, 6 * HOUR)
    shipped = paid + _between(random, 2 * HOUR, 8 * HOUR if express else 48 * HOUR)
    delivered = shipped + _between(random, 18 * HOUR, 2 * DAY if express else 6 * DAY)
    returned = delivered + _between(random, 2 * DAY, 14 * DAY)
    history = [("pending", created), ("paid", paid), ("shipped", shipped), ("delivered", delivered)]
    fate = random()
    if fate < 0.05:
        history[2:] = [("cancelled", shipped)]
    elif fate < 0.12:
        history.append(("returned", returned))
    while history[-1][1] > END:
        history.pop()
    return history[-1]


def _one(random: Callable[[], float], values: Sequence[T]) -> T:
    return values[int(random() * len(values))]


def _weighted(random: Callable[[], float], values: Sequence[T], summed: Sequence[int]) -> T:
    return values[bisect(summed, int(random() * summed[-1]))]


def _between(random: Callable[[], float], least: int, most: int) -> int:
    return int(least + random() * (most - least))
