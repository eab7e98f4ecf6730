"""Which vendor's program wrote a file, and by which words that is known."""

from __future__ import annotations

from collections.abc import Sequence

from vestim_core.data.readers.names import folded, readings
from vestim_core.data.vendors import PLAIN, Vendor


def detect(file_name: str, preamble: str, headers: Sequence[str], among: Sequence[Vendor]) -> tuple[Vendor, str]:
    """The vendor and one line that says why; `plain` when nothing is recognised.

    preamble: whatever stands before the names of the columns.
    """
    name, text = file_name.casefold(), preamble.casefold()
    keys = {word for header in headers for word, _ in readings(header)}
    literal = {folded(header) for header in headers}
    best: tuple[int, Vendor, str] | None = None
    for vendor in among:
        if vendor.name == PLAIN:
            continue
        score, why = _evidence(vendor, name, text, literal if vendor.literal else keys, headers)
        if score and (best is None or score > best[0]):
            best = score, vendor, why
    if best is not None:
        return best[1], best[2]
    return next(vendor for vendor in among if vendor.name == PLAIN), "no vendor's names or preamble were found"


def _evidence(vendor: Vendor, name: str, text: str, found: set[str], headers: Sequence[str]) -> tuple[int, str]:
    """How much speaks for `vendor`: 0 when nothing does."""
    suffix = next((suffix for suffix in vendor.suffixes if name.endswith(suffix)), "")
    if vendor.requires_suffix and not suffix:
        return 0, ""
    score, reasons = 0, []
    groups = [group for group in vendor.headers if group <= found]
    if groups:
        group = max(groups, key=len)
        score += 10 * len(group)
        shown = [header.strip() for header in headers if group & _words(vendor, header)]
        reasons.append(f"columns {', '.join(shown[:4])}")
    word = next((word for word in vendor.preamble if word in text), "")
    if word:
        score += 15
        reasons.append(f'"{word}" before the table')
    if score and suffix:
        score += 5
        reasons.append(f"ending {suffix}")
    return score, " and ".join(reasons)


def _words(vendor: Vendor, header: str) -> set[str]:
    return {folded(header)} if vendor.literal else {word for word, _ in readings(header)}
