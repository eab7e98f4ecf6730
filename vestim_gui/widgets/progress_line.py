"""Progress with a text: name of the step, how far it is and the remaining time. Never a spinner alone."""

from __future__ import annotations

from PyQt6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from vestim_gui.theme.style import set_style_property
from vestim_gui.widgets.elided_label import ElidedLabel

_BAR_STEPS = 1000  # resolution of the bar, finer than its pixels


class ProgressLine(QWidget):
    """A thin bar below one line of text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = ElidedLabel(kind="muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, _BAR_STEPS)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._label)
        layout.addWidget(self._bar)

    def show_progress(self, fraction: float | None, text: str = "", tone: str = "accent") -> None:
        """Show progress. fraction: 0 to 1; None if unknown, which leaves the bar empty. tone: color of the bar."""
        self._label.setText(text)
        self._label.setVisible(bool(text))
        self._bar.setValue(0 if fraction is None else round(_BAR_STEPS * min(max(fraction, 0.0), 1.0)))
        set_style_property(self._bar, "tone", tone)
        share = "" if fraction is None else f"{fraction:.0%}"
        self._bar.setAccessibleName(", ".join(filter(None, (text, share))))

    @property
    def text(self) -> str:
        return self._label.text()

    @property
    def fraction(self) -> float:
        return self._bar.value() / _BAR_STEPS
