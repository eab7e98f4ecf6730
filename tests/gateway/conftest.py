"""A gateway and its daemon in a fresh home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.gateway_process import Gateway


@pytest.fixture
def gateway(vestim_home: Path) -> Iterator[Gateway]:
    """One that serves."""
    with Gateway(vestim_home) as started:
        yield started
