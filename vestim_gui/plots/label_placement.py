"""Placement of curve names at the ends of their lines, each as near to its end as the others allow."""

from __future__ import annotations

from collections.abc import Sequence


def spread_labels(centers: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """Move label centers at least `height` apart, in their order and between `low` and `high` if they fit there.

    Labels that would overlap are stacked around their common center.
    """
    order = sorted(range(len(centers)), key=lambda index: centers[index])
    groups: list[tuple[float, int]] = []  # lower end and count of each run of touching labels
    for index in order:
        start, count = _clamp_start(centers[index] - height / 2, height, low, high), 1
        while groups and groups[-1][0] + groups[-1][1] * height > start:
            below, below_count = groups.pop()
            middles = (below + below_count * height / 2) * below_count + (start + count * height / 2) * count
            count += below_count
            start = _clamp_start(middles / count - count * height / 2, count * height, low, high)
        groups.append((start, count))
    positions = [start + (index + 0.5) * height for start, count in groups for index in range(count)]
    return [position for _, position in sorted(zip(order, positions, strict=True))]


def _clamp_start(start: float, length: float, low: float, high: float) -> float:
    return max(min(start, high - length), low)
