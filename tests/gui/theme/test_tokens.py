"""Both themes are legible: text reaches 4.5:1 and graphics 3:1 on every background they appear on (WCAG AA)."""

from __future__ import annotations

import pytest

from vestim_gui.theme.tokens import DARK, LIGHT, Tokens, contrast_ratio, mix

THEMES = [pytest.param(LIGHT, id="light"), pytest.param(DARK, id="dark")]
SURFACES = ("window", "surface", "sunken", "selection")


def test_contrast_ratio_follows_the_definition() -> None:
    assert contrast_ratio("#000000", "#FFFFFF") == pytest.approx(21.0)
    assert contrast_ratio("#777777", "#FFFFFF") == pytest.approx(4.48, abs=0.01)
    assert contrast_ratio("#FFFFFF", "#777777") == contrast_ratio("#777777", "#FFFFFF")
    assert mix("#000000", "#FFFFFF", 0.5) == "#808080"


@pytest.mark.parametrize("tokens", THEMES)
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "ok", "warn", "error"])
def test_text_is_legible(tokens: Tokens, surface: str, ink: str) -> None:
    assert contrast_ratio(tokens.tone(ink), tokens.tone(surface)) >= 4.5


@pytest.mark.parametrize("tokens", THEMES)
def test_text_on_the_main_button_and_on_bars_is_legible(tokens: Tokens) -> None:
    assert contrast_ratio(tokens.on_accent, tokens.accent) >= 4.5
    assert contrast_ratio(tokens.on_accent, mix(tokens.accent, tokens.text, 0.15)) >= 4.5
    assert contrast_ratio(tokens.text, mix(tokens.window, tokens.warn, 0.12)) >= 4.5
    assert contrast_ratio(tokens.error, mix(tokens.surface, tokens.error, 0.12)) >= 4.5


@pytest.mark.parametrize("tokens", THEMES)
@pytest.mark.parametrize("surface", ["window", "surface"])
def test_edges_focus_and_curves_are_visible(tokens: Tokens, surface: str) -> None:
    graphics_colors = (tokens.outline, tokens.accent, *tokens.series)
    assert [color for color in graphics_colors if contrast_ratio(color, tokens.tone(surface)) < 3.0] == []
