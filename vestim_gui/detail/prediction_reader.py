"""PredictionReader: fetches predictions through the link and parses them on another thread."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from PyQt6.QtCore import QObject

from vestim_core.spec.errors import VestimError
from vestim_gui.background import BackgroundRunner
from vestim_gui.detail.prediction import Prediction, read_prediction
from vestim_gui.link import Link

Key = tuple[str, str, int]
ResultHandler = Callable[[Prediction], None]
ErrorHandler = Callable[[VestimError], None]
CACHE_SIZE = 8  # predictions; as many as a file's overlay holds, with two to spare


class PredictionReader(QObject):
    """Caches the last few predictions. Requests for a file that is being fetched share its result."""

    def __init__(self, link: Link, parent: QObject) -> None:
        super().__init__(parent)
        self._link = link
        self._background = BackgroundRunner(self)
        self._cache: OrderedDict[Key, Prediction] = OrderedDict()
        self._waiting_handlers: dict[Key, list[tuple[ResultHandler, ErrorHandler]]] = {}

    def read(self, job_id: str, path: str, attempt: int, on_result: ResultHandler, on_error: ErrorHandler) -> None:
        """Call `on_result` with the prediction that an attempt wrote at `path`; at once if it is cached."""
        key = (job_id, path, attempt)
        if key in self._cache:
            self._cache.move_to_end(key)
            on_result(self._cache[key])
            return
        handlers = self._waiting_handlers.setdefault(key, [])
        handlers.append((on_result, on_error))
        if len(handlers) == 1:
            self._link.read_file(
                job_id,
                path,
                lambda content: self._background.run(
                    lambda: _parse(content, path), lambda result: self._finish(key, result)
                ),
                lambda error: self._finish(key, error),
                owner=self,
            )

    def cancel_waiting(self) -> None:
        """Drop all waiting handlers."""
        self._waiting_handlers.clear()

    def _finish(self, key: Key, result: Prediction | VestimError) -> None:
        if isinstance(result, Prediction):
            self._cache[key] = result
            while len(self._cache) > CACHE_SIZE:
                self._cache.popitem(last=False)
        for on_result, on_error in self._waiting_handlers.pop(key, []):
            if isinstance(result, Prediction):
                on_result(result)
            else:
                on_error(result)


def _parse(content: bytes, path: str) -> Prediction | VestimError:
    try:
        return read_prediction(content, path.rpartition("/")[2])
    except VestimError as error:
        return error
