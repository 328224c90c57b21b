from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.seeder.items import PART, chosen, part, parts
from functions.seeder.orders import Orders

UNTIL = "2026-11-01T00:00:00Z"


@given(count=st.integers(0, 500), seed=st.integers(), round_=st.integers(1, 1000))
def test_a_round_deletes_5_and_updates_10_per_cent(count: int, seed: int, round_: int) -> None:
    picked = list(chosen(count, seed, round_))
    numbers = [number for number, _ in picked]
    assert numbers == sorted(set(numbers)), "ascending, none twice"
    assert all(0 <= number < count for number in numbers)
    deleted = sum(is_deleted for _, is_deleted in picked)
    assert count // 20 <= deleted <= -(-count // 20)
    assert count // 20 * 2 <= len(picked) - deleted <= -(-count // 20) * 2


@given(count=st.integers(1, 10_000_000))
def test_parts_are_every_item_once(count: int) -> None:
    ranges = [part(count, number) for number in range(1, parts(count) + 1)]
    assert all(0 < len(numbers) <= PART for numbers in ranges)
    assert [numbers.start for numbers in ranges] == [0, *(numbers.stop for numbers in ranges[:-1])]
    assert ranges[-1].stop == count


def test_the_choice_and_the_orders_are_the_same_on_every_python() -> None:
    assert list(chosen(40, seed=1, round_=1)) == CHOSEN
    assert Orders(10, 1, UNTIL)[6] == ORDER


def test_an_order_does_not_depend_on_how_many_there_are() -> None:
    assert Orders(10, 3, UNTIL)[9] == Orders(1_000_000, 3, UNTIL)[9]
    assert Orders(10, 3, UNTIL)[9] != Orders(10, 4, UNTIL)[9]


@given(number=st.integers(0, 999_999), seed=st.integers())
def test_orders_are_consistent(number: int, seed: int) -> None:
    item = Orders(1_000_000, seed, UNTIL)[number]
    until = datetime.fromisoformat(UNTIL)
    created = datetime.fromisoformat(item["created_at"]["S"])
    updated = datetime.fromisoformat(item["updated_at"]["S"])
    assert until - timedelta(days=90) <= created <= updated <= until
    status, age = item["status"]["S"], until - created
    assert status in {"pending", "paid", "shipped", "delivered", "cancelled", "returned"}
    assert status not in {"pending", "paid", "shipped"} or age < timedelta(days=9)
    assert status != "returned" or age > timedelta(days=2)
    assert (status == "pending") == (created == updated)
    total = round(float(item["price"]["N"]) * int(item["quantity"]["N"]), 2)
    assert item["total"]["N"] == f"{total:.2f}"
    assert abs(float(item["location"]["M"]["lat"]["N"])) <= 90
    assert abs(float(item["location"]["M"]["lon"]["N"])) <= 180


def test_orders_grow_and_follow_day_and_week() -> None:
    orders = Orders(3000, 1, UNTIL)
    times = [datetime.fromisoformat(orders[number]["created_at"]["S"]) for number in range(3000)]
    middle = datetime.fromisoformat(UNTIL) - timedelta(days=45)
    assert sum(time > middle for time in times) > 1.2 * sum(time <= middle for time in times)
    assert sum(time.hour == 20 for time in times) > 5 * sum(time.hour == 3 for time in times)
    assert sum(time.weekday() == 5 for time in times) > 1.2 * sum(time.weekday() == 1 for time in times)


def test_a_changed_order_keeps_its_key_and_moves_on() -> None:
    orders = Orders(500, 1, UNTIL)
    steps = set()
    for number in range(500):
        before, after = orders[number], orders.changed(number, 2)
        assert after["order_id"] == before["order_id"]
        assert after["updated_at"]["S"] == "2026-11-01T02:00:00Z"
        steps.add((before["status"]["S"], after["status"]["S"]))
    assert steps == {
        ("pending", "paid"),
        ("paid", "shipped"),
        ("shipped", "delivered"),
        ("delivered", "returned"),
        ("cancelled", "cancelled"),
        ("returned", "returned"),
    }


CHOSEN = [(10, False), (11, True), (13, False), (22, True), (23, False), (38, False)]
ORDER = {
    "order_id": {"S": "order-0000007"},
    "customer": {"S": "Hugo Okafor"},
    "category": {"S": "kitchen"},
    "product": {"S": "Tea Towels"},
    "status": {"S": "delivered"},
    "price": {"N": "12.72"},
    "quantity": {"N": "2"},
    "total": {"N": "25.44"},
    "currency": {"S": "EUR"},
    "created_at": {"S": "2026-09-26T23:54:04Z"},
    "updated_at": {"S": "2026-10-01T15:53:12Z"},
    "city": {"S": "Vienna"},
    "location": {"M": {"lat": {"N": "48.1619"}, "lon": {"N": "16.3469"}}},
    "tags": {"SS": ["first-order", "gift"]},
    "express": {"BOOL": False},
}
