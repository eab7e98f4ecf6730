"""A line of progress with its words: a step's name, how far, how long it still takes. Never a bare spinner."""

from __future__ import annotations

from PyQt6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from vestim_gui.theme.style import set_dress
from vestim_gui.widgets.elided_label import ElidedLabel

_STEPS = 1000


class ProgressLine(QWidget):
    """A thin bar under one line of words."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ElidedLabel(kind="muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _STEPS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._words)
        layout.addWidget(self._bar)

    def show_progress(self, fraction: float | None, words: str = "", tone: str = "accent") -> None:
        """fraction: 0 to 1; None where it is not known, which leaves the bar empty. tone: the colour of the bar."""
        self._words.setText(words)
        self._words.setVisible(bool(words))
        self._bar.setValue(0 if fraction is None else round(_STEPS * min(max(fraction, 0.0), 1.0)))
        set_dress(self._bar, "tone", tone)
        share = "" if fraction is None else f"{fraction:.0%}"
        self._bar.setAccessibleName(", ".join(filter(None, (words, share))))

    @property
    def words(self) -> str:
        return self._words.text()

    @property
    def fraction(self) -> float:
        return self._bar.value() / _STEPS
