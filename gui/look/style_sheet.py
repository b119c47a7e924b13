"""The Qt style sheet, made from a palette and a scale: how each kind of control is drawn.

Knows nothing of panels. Roles are dynamic properties (`role`), set by `controls.set_role`, so that a widget says
what it is and the look is settled here alone.
"""

from __future__ import annotations

from collections.abc import Callable

from gui.look.colours import Colours


def style_sheet(c: Colours, px: Callable[[float], int], sizes: dict[str, int], line: int) -> str:
    """The whole sheet for a palette.

    Args:
        c: the palette.
        px: turns lengths at 100 % into pixels.
        sizes: type sizes at 100 %.
        line: height of a line of the body's font in pixels. A minimum of the sheet hides what a control itself says
            it needs, so that none may be lower.
    """
    size = {name: px(value) for name, value in sizes.items()}
    least, field = max(px(18), line), max(px(18), line + 2)
    return "\n".join(
        (
            _grounds(c, px, size),
            _buttons(c, px, size, least),
            _fields(c, px, size, field),
            _lists(c, px),
        )
    )


def _grounds(c: Colours, px: Callable[[float], int], size: dict[str, int]) -> str:
    return f"""
QWidget {{ color: {c.text}; }}
QMainWindow, QDialog, QWidget[role="window"] {{ background: {c.window}; }}
QFrame[role="card"] {{ background: {c.surface}; border: 1px solid {c.line}; border-radius: {px(10)}px; }}
QFrame[role="bar"] {{ background: {c.surface}; border: none; border-bottom: 1px solid {c.line}; }}
QFrame[role="status"] {{ background: {c.surface}; border: none; border-top: 1px solid {c.line}; }}
QStatusBar {{ background: {c.surface}; }}
QStatusBar::item {{ border: none; }}
QFrame[role="line"] {{ background: {c.line}; border: none; max-height: 1px; min-height: 1px; }}
QFrame[role="popup"] {{ background: {c.surface}; border: 1px solid {c.edge}; border-radius: {px(8)}px; }}
QFrame[role="drop"] {{ background: transparent; border: 1px dashed {c.edge}; border-radius: {px(8)}px; }}
QFrame[role="drop"][over="true"] {{ background: {c.accent_soft}; border: 1px solid {c.accent}; }}
QLabel {{ background: transparent; }}
QLabel[role="muted"] {{ color: {c.muted}; }}
QLabel[role="small"] {{ color: {c.muted}; font-size: {size["small"]}px; }}
QLabel[role="strong"] {{ font-weight: 600; }}
QLabel[role="title"] {{ font-size: {size["title"]}px; font-weight: 600; }}
QLabel[role="display"] {{ font-size: {size["display"]}px; font-weight: 600; }}
QLabel[role="warning"] {{ color: {c.warning}; }}
QLabel[role="error"] {{ color: {c.error}; }}
QLabel[role="wrong"] {{ color: {c.error}; font-size: {size["small"]}px; }}
QLabel[role="accent"] {{ color: {c.accent}; font-weight: 600; }}
QToolTip {{ color: {c.text}; background: {c.raised}; border: 1px solid {c.edge}; padding: {px(4)}px; }}
QSplitter::handle {{ background: transparent; }}
QSplitter::handle:hover {{ background: {c.accent_soft}; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
QMenuBar {{ background: {c.surface}; padding: {px(2)}px {px(8)}px; }}
QMenuBar::item {{ background: transparent; padding: {px(4)}px {px(9)}px; border-radius: {px(5)}px; }}
QMenuBar::item:selected {{ background: {c.hover}; }}
QMenu {{ background: {c.surface}; border: 1px solid {c.edge}; padding: {px(5)}px; }}
QMenu::item {{ padding: {px(6)}px {px(26)}px {px(6)}px {px(26)}px; border-radius: {px(5)}px; }}
QMenu::item:selected {{ background: {c.accent_soft}; }}
QMenu::item:disabled {{ color: {c.muted}; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: {px(5)}px {px(8)}px; }}
QMenu::indicator {{ width: {px(14)}px; height: {px(14)}px; left: {px(7)}px; }}
"""


def _buttons(c: Colours, px: Callable[[float], int], size: dict[str, int], least: int) -> str:
    return f"""
QPushButton, QToolButton {{ background: {c.raised}; border: 1px solid transparent; border-radius: {px(7)}px;
  padding: {px(6)}px {px(12)}px; }}
QPushButton {{ min-height: {least}px; }}
QPushButton:hover, QToolButton:hover {{ background: {c.hover}; }}
QPushButton:focus, QToolButton:focus {{ border: 1px solid {c.accent}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {c.muted}; background: {c.raised}; }}
QPushButton:checked, QToolButton:checked {{ background: {c.accent_soft}; color: {c.accent}; }}
QPushButton[role="primary"] {{ background: {c.accent}; color: {c.on_accent}; font-size: {size["title"]}px;
  font-weight: 600; min-height: {px(32)}px; border-radius: {px(9)}px; border: 2px solid {c.accent}; }}
QPushButton[role="primary"]:hover {{ background: {c.accent_hover}; border-color: {c.accent_hover}; }}
QPushButton[role="primary"]:pressed {{ background: {c.accent_soft}; color: {c.text}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {c.text}; }}
QPushButton[role="primary"]:disabled {{ background: {c.raised}; color: {c.muted}; border-color: {c.raised}; }}
QPushButton[role="chip"] {{ border-radius: {px(13)}px; padding: {px(4)}px {px(12)}px; }}
QPushButton[role="chip"][filled="true"] {{ background: {c.accent_soft}; color: {c.text}; }}
QPushButton[role="chip"]:checked {{ background: {c.accent}; color: {c.on_accent}; }}
QPushButton[role="fold"] {{ background: transparent; text-align: left; padding: {px(5)}px {px(4)}px; color: {c.muted};
  font-weight: 600; }}
QPushButton[role="fold"]:hover {{ color: {c.text}; background: transparent; }}
QPushButton[role="segment"] {{ border-radius: {px(6)}px; padding: {px(4)}px {px(10)}px; background: transparent;
  color: {c.muted}; }}
QPushButton[role="segment"]:hover {{ color: {c.text}; }}
QPushButton[role="segment"]:disabled {{ color: {c.edge}; background: transparent; }}
QPushButton[role="segment"]:checked {{ background: {c.accent_soft}; color: {c.text}; }}
QPushButton[role="record"]:checked {{ background: {c.error}; color: {c.window}; }}
QPushButton[role="stage"] {{ font-size: {size["prompt"]}px; font-weight: 600; min-height: {px(40)}px;
  border-radius: {px(9)}px; border: 2px solid {c.edge}; }}
QPushButton[role="stage"]:focus {{ border: 2px solid {c.accent}; }}
QPushButton[role="stage"]:checked {{ background: {c.text}; color: {c.window}; border: 2px solid {c.text}; }}
QPushButton[role="stage"]:checked:focus {{ border: 2px solid {c.accent}; }}
QFrame[role="segments"] {{ background: {c.raised}; border-radius: {px(8)}px; }}
QToolButton[role="plain"] {{ background: transparent; padding: {px(5)}px; }}
QToolButton[role="plain"]:hover {{ background: {c.hover}; }}
QToolButton[role="plain"]:checked {{ background: {c.accent_soft}; }}
QToolButton[role="play"] {{ border-radius: {px(8)}px; padding: {px(7)}px; background: {c.raised}; }}
QToolButton[role="play"]:hover {{ background: {c.hover}; }}
QToolButton[role="play"]:checked {{ background: {c.accent_soft}; border: 1px solid {c.accent}; }}
QToolButton::menu-indicator, QPushButton::menu-indicator {{ image: none; width: 0; }}
QPushButton[role="card"] {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: {px(10)}px;
  min-height: {px(132)}px; padding: 0; }}
QPushButton[role="card"]:hover {{ background: {c.hover}; border-color: {c.accent}; }}
QPushButton[role="card"]:focus {{ border: 2px solid {c.accent}; }}
QCheckBox, QRadioButton {{ spacing: {px(8)}px; padding: {px(2)}px; border: 1px solid transparent; }}
QCheckBox:focus {{ border: 1px solid {c.accent}; border-radius: {px(5)}px; }}
QCheckBox::indicator {{ width: {px(16)}px; height: {px(16)}px; border: 1px solid {c.edge}; border-radius: {px(4)}px;
  background: {c.surface}; }}
QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; }}
QCheckBox:disabled {{ color: {c.muted}; }}
"""


def _fields(c: Colours, px: Callable[[float], int], size: dict[str, int], least: int) -> str:
    return f"""
QLineEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox {{ background: {c.surface}; border: 1px solid {c.edge};
  border-radius: {px(7)}px; padding: {px(5)}px {px(8)}px;
  selection-background-color: {c.accent}; selection-color: {c.on_accent}; }}
QLineEdit, QAbstractSpinBox, QComboBox {{ min-height: {least}px; }}
QLineEdit:focus, QPlainTextEdit:focus, QAbstractSpinBox:focus, QComboBox:focus {{ border: 1px solid {c.accent};
  background: {c.window}; }}
QLineEdit:disabled, QAbstractSpinBox:disabled, QComboBox:disabled {{ color: {c.muted}; border-color: {c.line}; }}
QLineEdit[role="bar"] {{ padding: {px(5)}px {px(3)}px; background: {c.raised}; border-color: {c.line};
  font-weight: 600; }}
QLineEdit[role="bar"]:focus {{ border-color: {c.accent}; background: {c.window}; }}
QLineEdit[role="bar"][wrong="true"] {{ border-color: {c.error}; }}
QPlainTextEdit[role="prompt"] {{ font-size: {size["prompt"]}px; border-radius: {px(9)}px;
  padding: {px(8)}px {px(10)}px; }}
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 0; border: none; }}
QComboBox::drop-down {{ border: none; width: {px(22)}px; }}
QComboBox::down-arrow {{ image: none; width: 0; height: 0; border-left: {px(4)}px solid {c.surface};
  border-right: {px(4)}px solid {c.surface}; border-top: {px(5)}px solid {c.muted}; }}
QComboBox QAbstractItemView {{ background: {c.surface}; border: 1px solid {c.edge}; padding: {px(4)}px;
  selection-background-color: {c.accent_soft}; selection-color: {c.text}; outline: none; }}
QSlider {{ min-height: {px(22)}px; }}
QSlider::groove:horizontal {{ height: {px(4)}px; border-radius: {px(2)}px; background: {c.edge}; }}
QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: {px(2)}px; }}
QSlider::handle:horizontal {{ width: {px(16)}px; height: {px(16)}px; margin: -{px(6)}px 0; border-radius: {px(8)}px;
  background: {c.text}; }}
QSlider::handle:horizontal:hover {{ background: {c.accent_hover}; }}
QSlider::handle:horizontal:focus {{ background: {c.accent}; border: {px(2)}px solid {c.text}; width: {px(12)}px;
  height: {px(12)}px; }}
QSlider[role="stage"] {{ min-height: {px(34)}px; }}
QSlider[role="stage"]::groove:horizontal {{ height: {px(8)}px; border-radius: {px(4)}px; }}
QSlider[role="stage"]::sub-page:horizontal {{ border-radius: {px(4)}px; }}
QSlider[role="stage"]::handle:horizontal {{ width: {px(26)}px; height: {px(26)}px; margin: -{px(9)}px 0;
  border-radius: {px(26) // 2}px; }}
QSlider[role="stage"]::handle:horizontal:focus {{ width: {px(22)}px; height: {px(22)}px; }}
QSlider::sub-page:horizontal:disabled {{ background: {c.line}; }}
QSlider::handle:horizontal:disabled {{ background: {c.edge}; }}
QProgressBar {{ background: {c.raised}; border: none; border-radius: {px(3)}px; max-height: {px(6)}px;
  min-height: {px(6)}px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: {px(3)}px; }}
"""


def _lists(c: Colours, px: Callable[[float], int]) -> str:
    return f"""
QListView, QTableView, QTreeView {{ background: transparent; border: 1px solid transparent; outline: none; }}
QListView::item {{ padding: {px(6)}px; border-radius: {px(6)}px; }}
QListView::item:selected {{ background: {c.accent_soft}; color: {c.text}; }}
QListView::item:hover:!selected {{ background: {c.raised}; }}
QScrollBar:vertical {{ background: transparent; width: {px(10)}px; margin: 0; }}
QScrollBar:horizontal {{ background: transparent; height: {px(10)}px; margin: 0; }}
QScrollBar::handle {{ background: {c.edge}; border-radius: {px(3)}px; min-height: {px(28)}px; min-width: {px(28)}px;
  margin: {px(2)}px; }}
QScrollBar::handle:hover {{ background: {c.muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
"""
