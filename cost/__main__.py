"""`python -m cost ENVIRONMENT`: what a month of the environment costs, before anything is applied. An estimate."""

import argparse
import sys

from rich.console import Console
from rich.table import Table

from cost.estimate import Estimate, estimate
from cost.prices import InvalidPrices, Prices
from settings import InvalidSettings, Settings, load

# Where there is no terminal, wide enough for every line.
WIDTH = 160


def main(arguments: list[str] | None = None) -> int:
    """Return 0, or 2 where settings or prices are invalid."""
    parser = argparse.ArgumentParser(prog="python -m cost", description=__doc__)
    parser.add_argument("environment", metavar="ENVIRONMENT", help="a file of environments/, or a path ending in .yaml")
    options = parser.parse_args(arguments)
    try:
        settings, prices = load(options.environment), Prices.read()
    except (InvalidSettings, InvalidPrices) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    _show(console, settings, prices, estimate(settings, prices))
    return 0


def _show(console: Console, settings: Settings, prices: Prices, found: Estimate) -> None:
    table = Table("resource", "what drives it", title=f"A month of {settings.names.prefix}, estimated")
    table.add_column("USD", justify="right", no_wrap=True)
    for line in found.lines:
        table.add_row(
            line.resource, line.driver, "no price known" if line.monthly_usd is None else f"{line.monthly_usd:,}"
        )
    console.print(table)
    if settings.region != prices.region:
        console.print(f"{settings.region} has other prices; these are of {prices.region}.")
    for title, entries in (("Once, when it is made:", found.once), ("Not estimated:", found.left_out)):
        if entries:
            console.print(title, *(f"- {entry}" for entry in entries), sep="\n")
    missing = f"; without {found.unpriced} of unknown price" if found.unpriced else ""
    console.print(
        f"cost: environment={settings.environment} monthly_usd={found.monthly_usd} "
        f"(estimate of {prices.date} prices{missing})",
        soft_wrap=True,
    )


if __name__ == "__main__":
    sys.exit(main())
