"""Colors and sizes that a figure is drawn with."""

from __future__ import annotations

from dataclasses import dataclass

from vestim_gui.plots.content import Ink, Options
from vestim_gui.theme.tokens import Tokens

POINTS_PER_INCH = 72  # typographic points, by definition
FONT_PT = 8.5  # points, on the screen
LINE_PT = 1.3  # points, on the screen
DEFAULT_OPTIONS = Options()


@dataclass(frozen=True)
class PlotStyle:
    """Style of a figure. is_animated: on the screen, a full draw leaves out `PanelDrawing.animated_artists`."""

    tokens: Tokens
    options: Options = DEFAULT_OPTIONS
    is_animated: bool = False
    font_pt: float = FONT_PT
    line_pt: float = LINE_PT

    def color(self, ink: Ink) -> str:
        """Color of an ink in the theme."""
        series = self.tokens.series
        return series[ink % len(series)] if isinstance(ink, int) else str(getattr(self.tokens, ink))
