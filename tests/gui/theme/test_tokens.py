"""Both themes can be read: text reaches 4.5:1 and what is drawn 3:1 against everything that it stands on (WCAG AA)."""

from __future__ import annotations

import pytest

from vestim_gui.theme.tokens import DARK, LIGHT, Tokens, contrast, mixed

THEMES = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]
SURFACES = ("window", "surface", "sunken", "selection")


def test_contrast_is_that_of_the_definition() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast("#FFFFFF", "#777777") == contrast("#777777", "#FFFFFF")
    assert mixed("#000000", "#FFFFFF", 0.5) == "#808080"


@pytest.mark.parametrize("tokens", THEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "ok", "warn", "error"])
def test_text_can_be_read(tokens: Tokens, surface: str, ink: str) -> None:
    assert contrast(tokens.tone(ink), tokens.tone(surface)) >= 4.5


@pytest.mark.parametrize("tokens", THEMES)
def test_text_on_the_main_button_and_on_bars_can_be_read(tokens: Tokens) -> None:
    assert contrast(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast(tokens.on_accent, mixed(tokens.accent, tokens.text, 0.15)) >= 4.5
    assert contrast(tokens.text, mixed(tokens.window, tokens.warn, 0.12)) >= 4.5
    assert contrast(tokens.error, mixed(tokens.surface, tokens.error, 0.12)) >= 4.5


@pytest.mark.parametrize("tokens", THEMES)
@pytest.mark.parametrize("surface", ["window", "surface"])
def test_edges_focus_and_curves_can_be_seen(tokens: Tokens, surface: str) -> None:
    drawn = (tokens.outline, tokens.accent, *tokens.series)
    assert [colour for colour in drawn if contrast(colour, tokens.tone(surface)) < 3.0] == []
