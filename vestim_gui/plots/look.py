"""Look: the colours and sizes that a figure is drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from vestim_gui.plots.content import Ink, Options
from vestim_gui.theme.tokens import Tokens

POINTS_AN_INCH = 72
FONT_PT = 8.5
LINE_PT = 1.3
ALL_PLAIN = Options()


@dataclass(frozen=True)
class Look:
    """How a figure is drawn. moving: for the screen, what moves is left to `PanelDrawing.moving`."""

    tokens: Tokens
    options: Options = ALL_PLAIN
    moving: bool = False
    font_pt: float = FONT_PT
    line_pt: float = LINE_PT

    def colour(self, ink: Ink) -> str:
        """The colour that an ink has in the theme."""
        series = self.tokens.series
        return series[ink % len(series)] if isinstance(ink, int) else str(getattr(self.tokens, ink))
