"""Pictures as SVG: curves, both axes logarithmic; how much is done by when; bars of what was done when."""

from collections.abc import Mapping, Sequence
from math import ceil, floor, log10
from xml.sax.saxutils import escape

from local.timeline import Timeline

WIDTH, HEIGHT, MARGIN = 380, 260, 50
ROW, SCALE_WIDTH, TITLE_WIDTH = 24, 420, 560
COLOURS = ("#0b62a4", "#d1495b", "#7a7a7a")


def curves(charts: Sequence[tuple[str, Sequence[tuple[float, float]], str]], across: str) -> str:
    """Charts side by side, each of title, points and their values' unit; `across` says what is counted below."""
    drawn = "".join(
        f'<g transform="translate({number * WIDTH} 0)">{_chart(*chart, across)}</g>'
        for number, chart in enumerate(charts)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(charts) * WIDTH} {HEIGHT}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>{drawn}</svg>\n'
    )


def timeline(run: Timeline) -> str:
    """A bar for each phase, with its seconds and its title."""
    scale, below = SCALE_WIDTH / run.seconds, ROW * (len(run.phases) + 1)
    width, height = MARGIN + SCALE_WIDTH + TITLE_WIDTH, below + ROW
    bars = "".join(
        f'<rect x="{MARGIN + phase.start * scale:.1f}" y="{ROW * (number + 0.5):.0f}" '
        f'width="{max(phase.seconds * scale, 1):.1f}" height="{ROW - 8}" fill="#0b62a4"/>'
        f'<text x="{MARGIN + SCALE_WIDTH + 60}" y="{ROW * (number + 1):.0f}" text-anchor="end">'
        f"{phase.seconds:.1f} s</text>"
        f'<text x="{MARGIN + SCALE_WIDTH + 70}" y="{ROW * (number + 1):.0f}">{escape(phase.title)}</text>'
        for number, phase in enumerate(run.phases)
    )
    ticks = "".join(
        f'<path d="M{MARGIN + seconds * scale:.1f} {ROW / 2:.0f}V{below:.0f}" stroke="#ddd"/>'
        f'<text x="{MARGIN + seconds * scale:.1f}" y="{below + 14}" text-anchor="middle">{seconds} s</text>'
        for seconds in range(0, ceil(run.seconds), _tick(run.seconds))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>{ticks}{bars}</svg>\n'
    )


def _tick(seconds: float) -> int:
    """A round number of seconds, of which at most ten fit."""
    return next(step for step in (1, 5, 10, 20, 30, 60, 120, 300, 600, 3600) if seconds / step <= 10)


def _chart(title: str, points: Sequence[tuple[float, float]], unit: str, across: str) -> str:
    (left, right), (bottom, top) = _decades([x for x, _ in points]), _decades([y for _, y in points])
    placed = [
        (
            MARGIN + (log10(x) - left) / (right - left) * (WIDTH - 2 * MARGIN),
            HEIGHT - MARGIN - (log10(y) - bottom) / (top - bottom) * (HEIGHT - 2 * MARGIN),
        )
        for x, y in points
    ]
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in placed)
    marks = "".join(
        f'<circle cx="{x:.0f}" cy="{y:.0f}" r="3" fill="#0b62a4"/>'
        f'<text x="{x:.0f}" y="{y - 10:.0f}" text-anchor="middle">{value:.3g} {escape(unit)}</text>'
        f'<text x="{x:.0f}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{size:,.0f}</text>'
        for (x, y), (size, value) in zip(placed, points, strict=True)
    )
    axes = f"M{MARGIN - 10} {MARGIN - 20}V{HEIGHT - MARGIN}H{WIDTH - MARGIN + 10}"
    return (
        f'<text x="{WIDTH / 2:.0f}" y="20" text-anchor="middle" font-weight="bold">{escape(title)}</text>'
        f'<path d="{axes}" fill="none" stroke="#888"/>'
        f'<polyline points="{path}" fill="none" stroke="#0b62a4" stroke-width="2"/>{marks}'
        f'<text x="{WIDTH / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text>'
    )


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around the values, as exponents."""
    lowest = floor(log10(min(values)))
    return lowest, max(lowest + 1, ceil(log10(max(values))))


def distributions(values: Mapping[str, Sequence[float]], across: str) -> str:
    """How much of each name's values is at most so large, from 0, in percent; `across` says what they are."""
    width, right = 2 * WIDTH, 2 * WIDTH - 2 * MARGIN
    step = 10 ** floor(log10(max(max(of_one) for of_one in values.values())))
    ticks = range(ceil(max(max(of_one) for of_one in values.values()) / step) + 1)
    scale = (right - MARGIN) / (ticks[-1] * step)
    below = HEIGHT - MARGIN + 18
    marks = "".join(
        f'<text x="{MARGIN + tick * step * scale:.0f}" y="{below}" text-anchor="middle">{tick * step:g}</text>'
        for tick in ticks
    )
    marks += "".join(
        f'<text x="{MARGIN - 8}" y="{_share(percent / 100) + 4:.0f}" text-anchor="end">{percent} %</text>'
        f'<path d="M{MARGIN} {_share(percent / 100):.0f}H{right}" stroke="#ddd"/>'
        for percent in (0, 50, 90, 100)
    )
    lines = "".join(
        f'<polyline points="{_steps(sorted(of_one), scale)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        f'<text x="{right + 10}" y="{MARGIN + 20 * number}" fill="{colour}">{escape(name)}</text>'
        for number, ((name, of_one), colour) in enumerate(zip(values.items(), COLOURS, strict=False))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="white"/>{marks}{lines}'
        f'<text x="{(MARGIN + right) / 2:.0f}" y="{HEIGHT - 8}" text-anchor="middle">{escape(across)}</text></svg>\n'
    )


def _steps(ordered: Sequence[float], scale: float) -> str:
    points = [(0.0, 0.0), *((value, (number + 1) / len(ordered)) for number, value in enumerate(ordered))]
    return " ".join(f"{MARGIN + value * scale:.1f},{_share(share):.1f}" for value, share in points)


def _share(share: float) -> float:
    return HEIGHT - MARGIN - share * (HEIGHT - 2 * MARGIN)
