"""No text on the page is clipped, in either theme and in small windows."""

from __future__ import annotations

from typing import Any

import pytest
from PyQt6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from tests.gui.new_job.conftest import WaitUntil
from vestim_gui.context import Context
from vestim_gui.new_job.new_job_page import NewJobPage
from vestim_gui.widgets.elided_label import ElidedLabel


def find_clipped_texts(page: QWidget) -> list[str]:
    """Texts that do not fit into their widgets."""
    clipped_texts = []
    for label in page.findChildren(QLabel):
        if not label.isVisible() or not label.text() or isinstance(label, ElidedLabel):
            continue
        if label.wordWrap():
            fits = label.heightForWidth(label.width()) <= label.height() + 1
        else:
            fits = label.sizeHint().width() <= label.width() + 1
        if not fits:
            clipped_texts.append(label.text())
    for button in page.findChildren(QPushButton):
        if button.isVisible() and button.sizeHint().width() > button.width() + 1:
            clipped_texts.append(button.text())
    return clipped_texts


@pytest.mark.parametrize("theme_name", ["light", "dark"])
@pytest.mark.parametrize("size", [(1270, 840), (900, 600), (630, 420)])
def test_every_text_fits(
    theme_name: str,
    size: tuple[int, int],
    page: NewJobPage,
    ctx: Context,
    wait_until: WaitUntil,
    data_files: dict[str, Any],
) -> None:
    ctx.theme.set_choice(theme_name)
    page.resize(*size)
    wait_until(lambda: page.presets.isVisible())
    page.open({"data": data_files, "training": {"learning_rate": "-1", "patience": "5, 6"}, "modle": 1})
    wait_until(lambda: page.sections.data.rows and page.sections.data.rows[0].state == "checked")
    for card in page.sections.parts["training"].cards:
        card.form.fold_button.setChecked(True)
    wait_until(lambda: page.sections.note.isVisible())
    QApplication.processEvents()
    assert find_clipped_texts(page) == []
    picture = page.grab().toImage()
    assert picture.pixelColor(4, 4).name().upper() == ctx.theme.tokens.window
