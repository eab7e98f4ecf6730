"""Links without a window, against real daemons in their own home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from tests.gui.link.conftest import LinkRecorder
from tests.gui.wait_limits import WINDOW_S
from vestim_gui.link import Link, LinkPhase

Until = Callable[..., None]
MakeLink = Callable[[], tuple[Link, LinkRecorder]]


@pytest.fixture(scope="session")
def cells(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Data section of a job: a synthetic drive of a resistive cell at 1 Hz for each role."""
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
    """Creates the document of a job that trains for `epochs` epochs."""

    def make(epochs: int) -> dict[str, Any]:
        training = {"max_epochs": epochs, "patience": epochs, "batch_size": 64}
        return {"name": "a fnn", "data": cells, "model": {"kind": "fnn", "sizes": [8]}, "training": training}

    return make


@pytest.fixture
def until(qtbot: QtBot) -> Until:
    """Wait until a condition is true; daemons start slowly on a busy machine, and jobs really train."""

    def wait(condition: Callable[[], Any], timeout_s: float = WINDOW_S) -> None:
        qtbot.waitUntil(lambda: bool(condition()), timeout=int(timeout_s * 1000))

    return wait


@pytest.fixture
def make_link(vestim_home: Any, until: Until) -> Iterator[MakeLink]:
    """Creates live links, each with a recorder of its deliveries."""
    links: list[Link] = []

    def make() -> tuple[Link, LinkRecorder]:
        link, recorder = Link(), LinkRecorder()
        links.append(link)
        recorder.listen(link)
        link.start()
        until(lambda: link.state.phase is LinkPhase.LIVE)
        return link, recorder

    yield make
    for link in links:
        link.close()
