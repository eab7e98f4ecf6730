"""The application's style sheet, filled from tokens. The dynamic property `kind` selects a widget's style.

QPushButton: primary, plain, danger, link, icon, tab, rail. QLabel: title, heading, value, muted, error, warn, ok, mono.
QFrame: card, sunken, bar, rail, toast. All distances are multiples of 4 px, half of the 8 px grid.
"""

from __future__ import annotations

from string import Template

from PyQt6.QtGui import QFont, QFontInfo
from PyQt6.QtWidgets import QWidget

from vestim_gui.theme.tokens import Tokens, mix

_SHEET = Template(
    """
QWidget { color: $text; }
QMainWindow, QDialog, QStackedWidget { background: $window; }
QToolTip { background: $surface; color: $text; border: 1px solid $outline; padding: 4px 8px; }

QLabel { background: transparent; }
QLabel[kind="title"] { font-size: ${title}px; font-weight: 600; }
QLabel[kind="heading"] { font-size: ${heading}px; font-weight: 600; }
QLabel[kind="value"] { font-size: ${value}px; font-weight: 600; }
QLabel[kind="muted"] { color: $muted; }
QLabel[kind="error"] { color: $error; }
QLabel[kind="warn"] { color: $warn; }
QLabel[kind="ok"] { color: $ok; }
QLabel[kind="accent"] { color: $accent; }
QLabel[kind="drop"] {
    background: $window; border: 2px dashed $accent; border-radius: 8px; font-size: ${heading}px; font-weight: 600;
}
QLabel[kind="mono"] { font-family: monospace; }

QFrame[kind="card"] { background: $surface; border: 1px solid $border; border-radius: 8px; }
QFrame[kind="sunken"] { background: $sunken; border: none; border-radius: 8px; }
QFrame[kind="bar"] { background: $warn_soft; border: none; border-bottom: 1px solid $warn; }
QFrame[kind="bar"][tone="accent"] { background: $selection; border-bottom: 1px solid $accent; }
QFrame[kind="rail"] { background: $sunken; border: none; border-right: 1px solid $border; }
QFrame[kind="toast"] { background: $surface; border: 1px solid $edge; border-radius: 8px; }
QFrame[kind="toast"][tone="ok"] { border-color: $ok; }
QFrame[kind="toast"][tone="info"] { border-color: $accent; }
QFrame[kind="toast"][tone="warn"] { border-color: $warn; }
QFrame[kind="toast"][tone="error"] { border-color: $error; }
QFrame[kind="line"] { background: $border; border: none; max-height: 1px; min-height: 1px; }

QPushButton {
    background: $surface; border: 1px solid $edge; border-radius: 6px; padding: 5px 12px; min-height: 18px;
}
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $selection; }
QPushButton:checked { background: $selection; border-color: $accent; }
QPushButton:disabled { color: $faint; border-color: $border; background: $window; }
QPushButton:focus { border: 2px solid $accent; padding: 4px 11px; }
QPushButton[kind="primary"] { background: $accent; border: 1px solid $accent; color: $on_accent; font-weight: 600; }
QPushButton[kind="primary"]:hover { background: $accent_hover; }
QPushButton[kind="primary"]:disabled { background: $sunken; border-color: $border; color: $faint; }
QPushButton[kind="primary"]:focus { border: 2px solid $text; }
QPushButton[kind="danger"] { color: $error; border-color: $error; }
QPushButton[kind="danger"]:focus { border: 2px solid $error; background: $error_soft; }
QPushButton[kind="link"] { background: transparent; border: 1px solid transparent; color: $accent; padding: 5px 4px; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:focus { border: 2px solid $accent; padding: 4px 3px; }
QPushButton[kind="icon"] { background: transparent; border: 1px solid transparent; padding: 5px; min-width: 18px; }
QPushButton[kind="icon"]:hover { background: $hover; }
QPushButton[kind="icon"]:checked { background: $selection; }
QPushButton[kind="icon"]:focus { border: 2px solid $accent; padding: 4px; }

QToolButton { background: transparent; border: 1px solid transparent; border-radius: 6px; padding: 5px; }
QToolButton:hover { background: $hover; }
QToolButton:checked { background: $selection; }
QToolButton:focus { border: 2px solid $accent; padding: 4px; }
QToolButton:disabled { color: $faint; }
QToolButton[kind="rail"] { border-radius: 8px; color: $muted; padding: 7px 2px; min-width: 68px; }
QToolButton[kind="rail"]:checked { background: $selection; color: $text; font-weight: 600; }
QToolButton[kind="rail"]:focus { border: 2px solid $accent; padding: 6px 1px; }

QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox, QDateTimeEdit {
    background: $surface; border: 1px solid $outline; border-radius: 6px; padding: 4px 8px; min-height: 18px;
    selection-background-color: $accent; selection-color: $on_accent;
}
QLineEdit:focus, QPlainTextEdit:focus, QTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
    border: 2px solid $accent; padding: 3px 7px;
}
QLineEdit:disabled, QPlainTextEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
    color: $faint; background: $window; border-color: $border;
}
QLineEdit, QPlainTextEdit { placeholder-text-color: $muted; }
QLineEdit[state="error"], QPlainTextEdit[state="error"], QComboBox[state="error"] { border-color: $error; }
QLineEdit[state="warn"], QPlainTextEdit[state="warn"], QComboBox[state="warn"] { border-color: $warn; }
QLineEdit:read-only { background: $window; }
QPlainTextEdit:read-only { border-color: $border; }
QPlainTextEdit[kind="mono"] { font-family: monospace; background: $sunken; border-color: $border; }
QComboBox::drop-down { border: none; width: 24px; }
QComboBox::down-arrow { image: url($chevron_down_muted); width: 14px; height: 14px; }
QComboBox QAbstractItemView { border: 1px solid $outline; padding: 4px; outline: none; }
QSpinBox::up-button, QDoubleSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::down-button {
    border: none; width: 18px; background: transparent;
}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url($chevron_up_muted); width: 11px; height: 11px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url($chevron_down_muted); width: 11px; height: 11px; }

QCheckBox, QRadioButton { background: transparent; spacing: 8px; border: 2px solid transparent; border-radius: 6px; }
QCheckBox:focus, QRadioButton:focus { border: 2px solid $accent; }
QCheckBox:disabled, QRadioButton:disabled { color: $faint; }
QCheckBox::indicator, QRadioButton::indicator, QAbstractItemView::indicator {
    width: 14px; height: 14px; border: 1px solid $outline; background: $surface; border-radius: 4px;
}
QRadioButton::indicator { border-radius: 8px; }
QCheckBox::indicator:checked, QAbstractItemView::indicator:checked {
    background: $accent; border-color: $accent; image: url($check_on_accent);
}
QCheckBox::indicator:indeterminate { background: $accent; border-color: $accent; image: url($dash_on_accent); }
QCheckBox::indicator:checked:disabled { background: $outline; border-color: $outline; }
QRadioButton::indicator:checked { background: $surface; border: 5px solid $accent; width: 6px; height: 6px; }

QAbstractItemView {
    background: $surface; border: 1px solid $border; border-radius: 8px; outline: none;
    selection-background-color: $selection; selection-color: $text; alternate-background-color: $window;
}
QAbstractItemView:focus { border: 2px solid $accent; }
QAbstractItemView[kind="flat"] { border: none; border-radius: 0; }
QAbstractItemView::item { padding: 4px 8px; }
QAbstractItemView::item:selected { background: $selection; color: $text; }
QAbstractItemView::item:hover:!selected { background: $hover; }
QTreeView[kind="cards"]::item:hover { background: transparent; }
QHeaderView { background: transparent; border: none; }
QHeaderView::section {
    background: $window; color: $muted; border: none; border-bottom: 1px solid $border; padding: 6px 8px;
}
QHeaderView::down-arrow { image: url($chevron_down_muted); width: 12px; height: 12px; }
QHeaderView::up-arrow { image: url($chevron_up_muted); width: 12px; height: 12px; }
QTableCornerButton::section { background: $window; border: none; }

QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }

QTabWidget::pane {
    background: $surface; border: 1px solid $border; border-radius: 8px; border-top-left-radius: 0; top: -1px;
    padding: 3px;
}
QTabBar { background: transparent; border: none; qproperty-drawBase: 0; }
QTabBar::tab {
    background: transparent; color: $muted; padding: 8px 12px; border: 2px solid transparent;
    border-bottom: 2px solid transparent;
}
QTabBar::tab:selected { color: $text; font-weight: 600; border-bottom: 2px solid $accent; }
QTabBar::tab:hover:!selected { color: $text; }
QTabBar::tab:focus { border: 2px solid $accent; border-radius: 4px; }

QScrollArea, QScrollArea > QWidget > QWidget { background: transparent; border: none; }
QScrollBar:vertical { background: transparent; width: 12px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: 12px; margin: 2px; }
QScrollBar::handle { background: $outline; border-radius: 4px; }
QScrollBar::handle:vertical { min-height: 32px; }
QScrollBar::handle:horizontal { min-width: 32px; }
QScrollBar::handle:hover { background: $muted; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: transparent; }

QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: $border; }
QSplitter::handle:horizontal { width: 12px; }
QSplitter::handle:vertical { height: 12px; }

QProgressBar { background: $sunken; border: none; border-radius: 3px; min-height: 6px; max-height: 6px; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QProgressBar[tone="ok"]::chunk { background: $ok; }
QProgressBar[tone="warn"]::chunk { background: $warn; }
QProgressBar[tone="error"]::chunk { background: $error; }
QProgressBar[tone="muted"]::chunk { background: $muted; }

QSlider::groove:horizontal { background: $sunken; height: 6px; border-radius: 3px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 3px; }
QSlider::handle:horizontal {
    background: $surface; border: 2px solid $accent; width: 12px; margin: -6px 0; border-radius: 8px;
}
QSlider:focus { border: 2px solid $accent; border-radius: 6px; }

QMenu { background: $surface; border: 1px solid $outline; border-radius: 6px; padding: 4px; }
QMenu::item { padding: 6px 24px 6px 12px; border-radius: 4px; background: transparent; }
QMenu::item:selected { background: $selection; }
QMenu::item:disabled { color: $faint; }
QMenu::separator { height: 1px; background: $border; margin: 4px 8px; }
QMenu::icon { padding-left: 8px; }

QGroupBox { border: 1px solid $border; border-radius: 8px; margin-top: 12px; padding: 8px; }
QGroupBox::title { subcontrol-origin: margin; left: 12px; padding: 0 4px; color: $muted; }
QStatusBar { background: $sunken; border-top: 1px solid $border; }
QStatusBar::item { border: none; }
"""
)


def style_sheet(tokens: Tokens, picture_paths: dict[str, str], font: QFont) -> str:
    """The style sheet in the colors of `tokens`. picture_paths: by name. font: heading sizes follow its size."""
    base_px = QFontInfo(font).pixelSize()
    colors = {name: getattr(tokens, name) for name in tokens.__slots__ if name not in ("dark", "series")}
    return _SHEET.substitute(
        colors,
        **picture_paths,
        title=round(1.5 * base_px),
        heading=round(1.15 * base_px),
        value=round(1.5 * base_px),
        edge=mix(tokens.border, tokens.outline, 0.25),
        faint=mix(tokens.muted, tokens.surface, 0.35),
        hover=mix(tokens.surface, tokens.selection, 0.5),
        accent_hover=mix(tokens.accent, tokens.text, 0.15),
        warn_soft=mix(tokens.window, tokens.warn, 0.12),
        error_soft=mix(tokens.surface, tokens.error, 0.12),
    )


def set_kind(widget: QWidget, kind: str) -> None:
    """Set a widget's `kind` and restyle it."""
    set_style_property(widget, "kind", kind)


def set_style_property(widget: QWidget, name: str, value: str) -> None:
    """Set a property that the style sheet selects by (`kind`, `tone`, `state`) and restyle the widget."""
    if widget.property(name) == value:
        return
    widget.setProperty(name, value)
    if (style := widget.style()) is not None:
        style.unpolish(widget)
        style.polish(widget)
    widget.update()
