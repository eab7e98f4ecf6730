"""Links without a window, against real daemons of a home of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.link.conftest import Told
from vestim_gui.link import Link, LinkPhase

Until = Callable[..., None]
MakeLink = Callable[[], tuple[Link, Told]]


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Data section of a job: a made-up drive of a resistive cell at 1 Hz for each role."""
    folder = tmp_path_factory.mktemp("cells")
    for seed, role in enumerate(("train", "validation", "test")):
        random, soc, current_A, lines = Random(seed), 0.9, 0.0, ["time_s,voltage_V,current_A,temperature_degC,soc"]
        for second in range(900):
            current_A = random.uniform(-4.0, 2.0) if second % 30 == 0 else current_A
            soc += current_A / 3600 / 5
            voltage_V = 3.2 + 0.9 * soc + 0.03 * current_A + random.gauss(0.0, 0.001)
            lines.append(f"{second},{voltage_V:.6f},{current_A:.6f},{random.gauss(25.0, 1.0):.6f},{soc:.6f}")
        (folder / f"{role}.csv").write_text("\n".join(lines))
    return {role: [str(folder / f"{role}.csv")] for role in ("train", "validation", "test")}


@pytest.fixture
def job(cells: dict[str, list[str]]) -> Callable[[int], dict[str, Any]]:
    """Makes the document of a job that trains for so many epochs."""

    def make(epochs: int) -> dict[str, Any]:
        training = {"max_epochs": epochs, "patience": epochs, "batch_rows": 64}
        return {"name": "a fnn", "data": cells, "model": {"kind": "fnn", "sizes": [8]}, "training": training}

    return make


@pytest.fixture
def until(qtbot: QtBot) -> Until:
    """Wait until something is so; daemons start slowly on a busy machine."""

    def wait(condition: Callable[[], Any], timeout_ms: int = 60_000) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=timeout_ms)

    return wait


@pytest.fixture
def make_link(vestim_home: Any, until: Until) -> Iterator[MakeLink]:
    """Makes links that are live, with all that they have told."""
    links: list[Link] = []

    def make() -> tuple[Link, Told]:
        link, told = Link(), Told()
        links.append(link)
        told.listen(link)
        link.start()
        until(lambda: link.state.phase is LinkPhase.LIVE)
        return link, told

    yield make
    for link in links:
        link.close()
