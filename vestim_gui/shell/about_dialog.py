"""About dialog: versions of the parts, and the license terms of a build."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

from PyQt6.QtCore import PYQT_VERSION_STR, Qt, qVersion
from PyQt6.QtWidgets import QApplication, QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

import vestim_core
from vestim_gui.theme.icons import program_icon
from vestim_gui.widgets.plain_label import button, plain_label

TERMS = "PyQt6 makes a distributed build GPL-3, unless a commercial license for it is held."


def versions() -> dict[str, str]:
    """Name and version of each part; imports nothing heavy."""
    return {
        "Vestim": vestim_core.__version__,
        "Python": platform.python_version(),
        "Qt": qVersion() or "",
        "PyQt": PYQT_VERSION_STR,
        "PyTorch": _version("torch"),
        "System": platform.platform(),
    }


class AboutDialog(QDialog):
    """Versions that can be copied into a bug report."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("About Vestim")
        self.setMinimumWidth(560)
        icon = QLabel()
        icon.setPixmap(program_icon().pixmap(48, 48))
        title = QVBoxLayout()
        title.addWidget(plain_label("Vestim", "title"))
        title.addWidget(plain_label("Neural networks that estimate the voltage and charge of battery cells", "muted"))
        header = QHBoxLayout()
        header.setSpacing(16)
        header.addWidget(icon)
        header.addLayout(title, 1)
        self.text = "\n".join(f"{part} {version_text}" for part, version_text in versions().items())
        versions_label = plain_label(self.text, wrap=True)
        versions_label.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(button("Copy versions", "plain", self._copy), QDialogButtonBox.ButtonRole.ActionRole)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        layout.addLayout(header)
        layout.addWidget(versions_label)
        layout.addWidget(plain_label(TERMS, "muted", wrap=True))
        layout.addWidget(buttons)

    def _copy(self) -> None:
        if (clipboard := QApplication.clipboard()) is not None:
            clipboard.setText(self.text)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
