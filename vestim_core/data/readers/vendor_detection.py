"""Detects which vendor's program wrote a file, and states the evidence."""

from __future__ import annotations

from collections.abc import Sequence

from vestim_core.data.readers.column_names import fold_case, parse_header
from vestim_core.data.vendors import PLAIN, Vendor


def detect_vendor(
    file_name: str, preamble: str, headers: Sequence[str], vendors: Sequence[Vendor]
) -> tuple[Vendor, str]:
    """Return the vendor and one line with the evidence; `plain` if no vendor is recognized.

    preamble: the text above the column names.
    """
    name, preamble_text = file_name.casefold(), preamble.casefold()
    keys = {key for header in headers for key, _ in parse_header(header)}
    literal_headers = {fold_case(header) for header in headers}
    best: tuple[int, Vendor, str] | None = None
    for vendor in vendors:
        if vendor.name == PLAIN:
            continue
        score, reason = _evidence(
            vendor, name, preamble_text, literal_headers if vendor.has_literal_headers else keys, headers
        )
        if score and (best is None or score > best[0]):
            best = score, vendor, reason
    if best is not None:
        return best[1], best[2]
    return next(vendor for vendor in vendors if vendor.name == PLAIN), "no vendor's names or preamble were found"


def _evidence(vendor: Vendor, name: str, preamble_text: str, keys: set[str], headers: Sequence[str]) -> tuple[int, str]:
    """Score and describe the evidence for `vendor`; the score is 0 without any."""
    suffix = next((suffix for suffix in vendor.suffixes if name.endswith(suffix)), "")
    if vendor.requires_suffix and not suffix:
        return 0, ""
    score, reasons = 0, []
    groups = [group for group in vendor.headers if group <= keys]
    if groups:
        group = max(groups, key=len)
        score += 10 * len(group)
        matching_headers = [header.strip() for header in headers if group & _header_keys(vendor, header)]
        reasons.append(f"columns {', '.join(matching_headers[:4])}")
    phrase = next((phrase for phrase in vendor.preamble if phrase in preamble_text), "")
    if phrase:
        score += 15
        reasons.append(f'"{phrase}" before the table')
    if score and suffix:
        score += 5
        reasons.append(f"ending {suffix}")
    return score, " and ".join(reasons)


def _header_keys(vendor: Vendor, header: str) -> set[str]:
    return {fold_case(header)} if vendor.has_literal_headers else {key for key, _ in parse_header(header)}
