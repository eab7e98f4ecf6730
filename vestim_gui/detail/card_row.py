"""The four cards below the header of a job."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from vestim_gui.detail.summary_cards import Card
from vestim_gui.theme.style import set_kind
from vestim_gui.widgets.plain_label import plain_label

CARD_COUNT = 4  # as many as `summary_cards` returns


class CardFrame(QFrame):
    """Title, value, and a line of explanation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.title: QLabel = plain_label(kind="muted")
        self.value: QLabel = plain_label("-", "value")
        self.note: QLabel = plain_label(kind="muted", wrap=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(2)
        for label in (self.title, self.value, self.note):
            layout.addWidget(label)
        layout.addStretch(1)

    def show_card(self, card: Card) -> None:
        """Replace the texts."""
        self.title.setText(card.title)
        self.value.setText(card.value)
        self.note.setText(card.note)
        set_kind(self.note, card.tone or "muted")
        self.setAccessibleName(f"{card.title}: {card.value}, {card.note}")


class CardRow(QWidget):
    """Cards side by side, of equal width."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards = [CardFrame(self) for _ in range(CARD_COUNT)]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        for frame in self.cards:
            layout.addWidget(frame, 1)

    def show_cards(self, cards: Sequence[Card]) -> None:
        """Replace the texts of all cards."""
        for frame, card in zip(self.cards, cards, strict=True):
            frame.show_card(card)
