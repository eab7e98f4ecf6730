"""Places of the names at the ends of lines: each as near to its end as the others allow."""

from __future__ import annotations

from collections.abc import Sequence


def spread(wanted: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Middles at least `height` apart, in the order of the wanted ones and within `low` and `high` if they fit there.

    Names that would overlap stand together around their common middle.
    """
    order = sorted(range(len(wanted)), key=lambda number: wanted[number])
    groups: list[tuple[float, int]] = []  # of each run of touching names: its lower end and how many they are
    for number in order:
        start, count = _kept(wanted[number] - height / 2, height, low, high), 1
        while groups and groups[-1][0] + groups[-1][1] * height > start:
            below, fewer = groups.pop()
            middles = (below + fewer * height / 2) * fewer + (start + count * height / 2) * count
            count += fewer
            start = _kept(middles / count - count * height / 2, count * height, low, high)
        groups.append((start, count))
    places = [start + (place + 0.5) * height for start, count in groups for place in range(count)]
    return [place for _, place in sorted(zip(order, places, strict=True))]


def _kept(start: float, length: float, low: float, high: float) -> float:
    return max(min(start, high - length), low)
