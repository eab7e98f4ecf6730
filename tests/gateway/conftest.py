"""A gateway and its daemon in a fresh home."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gateway.gateway_process import GatewayProcess


@pytest.fixture
def gateway(vestim_home: Path) -> Iterator[GatewayProcess]:
    """A running gateway."""
    with GatewayProcess(vestim_home) as running_gateway:
        yield running_gateway
