"""The reliability diagram: the share that is right over what was claimed, as SVG."""

from collections.abc import Sequence
from typing import NamedTuple

from markupsafe import escape

from overheard.enrich.agreement import wilson

_SIZE, _MARGIN = 360, 48


class Point(NamedTuple):
    """A bin: the mean of what was claimed, and how many of its number are right."""

    claimed: float
    hits: int
    number: int


class Series(NamedTuple):
    """Points of one kind: what they are called, and how they are drawn."""

    label: str
    colour: str
    radius: int
    points: Sequence[Point]


def diagram(title: str, axis: str, series: Sequence[Series]) -> str:
    """Return an SVG: the share that is right of each bin, with its 95 % interval, over what `axis` says was claimed."""

    def x(value: float) -> float:
        return round(_MARGIN + value * _SIZE, 1)

    def y(value: float) -> float:
        return round(_MARGIN + (1 - value) * _SIZE, 1)

    marks = []
    for one in series:
        for at, hits, number in one.points:
            low, high = wilson(hits, number)
            marks.append(
                f'<line x1="{x(at)}" y1="{y(low)}" x2="{x(at)}" y2="{y(high)}" stroke="{one.colour}"/>'
                f'<circle cx="{x(at)}" cy="{y(hits / number)}" r="{one.radius}" fill="{one.colour}">'
                f"<title>{number:,} at {at:.3f}: {hits / number:.3f} right</title></circle>"
            )
    ticks = "".join(
        f'<text x="{x(t)}" y="{y(0) + 18}" text-anchor="middle">{t:g}</text>'
        f'<text x="{x(0) - 8}" y="{y(t) + 4}" text-anchor="end">{t:g}</text>'
        f'<line x1="{x(0)}" y1="{y(t)}" x2="{x(1)}" y2="{y(t)}" stroke="#ddd"/>'
        for t in (0, 0.2, 0.4, 0.6, 0.8, 1)
    )
    legend = "".join(
        f'<text x="{x(0.02)}" y="{y(0.95 - 0.05 * place)}" fill="{one.colour}">● {escape(one.label)}</text>'
        for place, one in enumerate(series)
    )
    whole = _SIZE + 2 * _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" width="{whole}" height="{whole}" '
        'font-family="sans-serif" font-size="12" role="img">'
        f"<title>{escape(title)}</title>"
        f'<rect width="{whole}" height="{whole}" fill="white"/>{ticks}'
        f'<line x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}" stroke="#888" stroke-dasharray="4"/>'
        f"{''.join(marks)}"
        f'<text x="{x(0.5)}" y="{whole - 8}" text-anchor="middle">{escape(axis)}</text>'
        f'<text x="14" y="{y(0.5)}" text-anchor="middle" transform="rotate(-90 14 {y(0.5)})">share that is right</text>'
        f"{legend}</svg>\n"
    )
