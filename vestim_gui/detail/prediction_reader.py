"""PredictionReader: fetches predictions through the link and reads them beside the window's thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PyQt6.QtCore import QObject

from vestim_core.spec.errors import VestimError
from vestim_gui.beside import Beside
from vestim_gui.detail.prediction import Prediction, read_prediction
from vestim_gui.link import Link

Key = tuple[str, str, int]
Done = Callable[[Prediction], None]
Failed = Callable[[VestimError], None]
KEPT = 8


class PredictionReader(QObject):
    """Keeps the last few. Whoever asks for a file that is being fetched gets it too."""

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self._beside = Beside(self)
        self._kept: OrderedDict[Key, Prediction] = OrderedDict()
        self._asked: dict[Key, list[tuple[Done, Failed]]] = {}

    def read(self, job_id: str, path: str, attempt: int, done: Done, failed: Failed) -> None:
        """Call `done` with the prediction at `path` of a job, as written by that attempt; at once if it is kept."""
        key = (job_id, path, attempt)
        if key in self._kept:
            self._kept.move_to_end(key)
            done(self._kept[key])
            return
        waiting = self._asked.setdefault(key, [])
        waiting.append((done, failed))
        if len(waiting) == 1:
            self._link.read_file(
                job_id,
                path,
                lambda content: self._beside.run(lambda: _read(content, path), lambda answer: self._tell(key, answer)),
                lambda error: self._tell(key, error),
                owner=self,
            )

    def forget_asked(self) -> None:
        """Tell nobody any more who has asked until now."""
        self._asked.clear()

    def _tell(self, key: Key, answer: Prediction | VestimError) -> None:
        if isinstance(answer, Prediction):
            self._kept[key] = answer
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        for done, failed in self._asked.pop(key, []):
            if isinstance(answer, Prediction):
                done(answer)
            else:
                failed(answer)


def _read(content: bytes, path: str) -> Prediction | VestimError:
    try:
        return read_prediction(content, path.rpartition("/")[2])
    except VestimError as error:
        return error
