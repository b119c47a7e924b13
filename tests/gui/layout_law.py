"""What holds for every widget of a window, whatever the font, the scale, the size and the language.

A widget has the room that it says it needs, its text is whole (or its tooltip has the whole), it lies inside its parent
or can be scrolled to, and it lies over none of its neighbours. `broken` walks the tree and names what is not so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from PyQt6.QtCore import QRect, QSize, Qt
from PyQt6.QtGui import QFontMetrics
from PyQt6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenuBar,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSplitterHandle,
    QStyle,
    QStyleOptionButton,
    QStyleOptionComboBox,
    QWidget,
)

from gui.look.elided import Elided, ElidedButton

CONTROLS = (QAbstractButton, QComboBox, QAbstractSpinBox, QLineEdit, QAbstractSlider)
CLOSED = (QComboBox, QAbstractSpinBox, QLineEdit, QMenuBar)
"""Widgets whose parts are Qt's own business."""
CARET = 4
"""Pixels that Qt leaves on both sides of a text that can be edited."""
LEAST_SEEN = 3
"""Lines of text that what scrolls must show, unless all of it is lower."""


def broken(top: QWidget) -> list[str]:
    """What is not as it must be, in words; empty if all is well."""
    found = []
    for widget in seen(top):
        for law in (_has_room, _text_is_whole, _lies_inside, _scrolls, _lies_beside_others):
            found += [f"{_name(widget)}: {words}" for words in law(widget)]
    return found


def controls(top: QWidget) -> set[str]:
    """The names of all controls that hands can reach."""
    return {_name(widget) for widget in seen(top) if isinstance(widget, CONTROLS)}


def seen(top: QWidget) -> Iterator[QWidget]:
    """A widget and all visible ones in it."""
    yield top
    for child in _children(top):
        if child.isVisible() and not child.isWindow():
            yield from seen(child)


def _children(widget: QWidget) -> list[QWidget]:
    if isinstance(widget, CLOSED):
        return []
    if isinstance(widget, QScrollArea):
        inside = widget.widget()
        return [inside] if inside is not None else []
    if isinstance(widget, QAbstractScrollArea):
        return []
    return [child for child in widget.children() if isinstance(child, QWidget)]


def _has_room(widget: QWidget) -> Iterator[str]:
    least = widget.minimumSizeHint()
    layout = widget.layout()
    if layout is not None and not isinstance(widget, QMainWindow):
        least = least.expandedTo(layout.totalMinimumSize())
        if layout.hasHeightForWidth():
            around = widget.contentsMargins()
            inner = widget.width() - around.left() - around.right()
            high = layout.minimumHeightForWidth(inner) + around.top() + around.bottom()
            least = least.expandedTo(QSize(0, high))
    least = least.boundedTo(widget.maximumSize())
    if widget.width() < least.width() or widget.height() < least.height():
        yield f"has {_pair(widget.size())}, needs {_pair(least)}"
    if widget.size().isEmpty() and not (isinstance(widget, QLabel) and not widget.text()):
        yield "has no size"


def _text_is_whole(widget: QWidget) -> Iterator[str]:
    for kinds, law in _TEXTS:
        if isinstance(widget, kinds):
            yield from law(widget)
            return


def _elided(widget: Elided | ElidedButton) -> Iterator[str]:
    if widget.text() != widget.text_whole() and widget.text_whole() not in widget.toolTip():
        yield "is cut, and no tooltip has the whole"
    yield from _label(widget) if isinstance(widget, Elided) else _button(widget)


def _label(widget: QLabel) -> Iterator[str]:
    room, metrics = widget.contentsRect(), widget.fontMetrics()
    words = re.split(r"\s|(?<=-)" if widget.wordWrap() else r"\n", widget.text())
    widest = max((metrics.boundingRect(word).right() + 1 for word in words), default=0)
    if widest > room.width():
        yield f"the text needs {widest} pixels, has {room.width()}"
    high = widget.heightForWidth(widget.width()) if widget.wordWrap() else metrics.height()
    if widget.text() and high > widget.height():
        yield f"the text is {high} high, has {widget.height()}"


def _button(widget: QAbstractButton) -> Iterator[str]:
    if isinstance(widget, QPushButton) and widget.text():
        option = QStyleOptionButton()
        widget.initStyleOption(option)
        room = _style(widget).subElementRect(
            QStyle.SubElement.SE_PushButtonContents, option, widget
        )
        icon = 0 if widget.icon().isNull() else widget.iconSize().width() + CARET
        yield from _fits(widget.text(), widget.fontMetrics(), room, icon)


def _combo(widget: QComboBox) -> Iterator[str]:
    option = QStyleOptionComboBox()
    widget.initStyleOption(option)
    field = QStyle.SubControl.SC_ComboBoxEditField
    room = _style(widget).subControlRect(QStyle.ComplexControl.CC_ComboBox, option, field, widget)
    if widget.toolTip() != widget.currentText():
        yield from _fits(widget.currentText(), widget.fontMetrics(), room, 0)


def _spin(widget: QDoubleSpinBox) -> Iterator[str]:
    line = widget.lineEdit()
    if line is not None:
        bounds = (widget.minimum(), widget.maximum())
        texts = [f"{widget.textFromValue(value)}{widget.suffix()}" for value in bounds]
        for text in (line.text(), widget.specialValueText(), *texts):
            yield from _fits(text, widget.fontMetrics(), line.rect(), CARET)


def _line(widget: QLineEdit) -> Iterator[str]:
    if widget.toolTip() != widget.placeholderText():
        yield from _fits(
            widget.placeholderText(), widget.fontMetrics(), widget.contentsRect(), CARET
        )


def _page(widget: QPlainTextEdit) -> Iterator[str]:
    viewport, document = widget.viewport(), widget.document()
    if viewport is not None and document is not None and document.isEmpty():
        margin = round(document.documentMargin())
        room = viewport.rect().adjusted(margin, margin, -margin, -margin)
        wrap = Qt.TextFlag.TextWordWrap.value
        tall = QRect(room.topLeft(), QSize(room.width(), 1 << 16))
        box = widget.fontMetrics().boundingRect(tall, wrap, widget.placeholderText())
        if box.height() > room.height() or box.width() > room.width():
            yield f"the placeholder needs {_pair(box.size())}, has {_pair(room.size())}"


_TEXTS: tuple[tuple[type[QWidget] | tuple[type[QWidget], ...], Callable[..., Iterator[str]]], ...]
_TEXTS = (
    ((Elided, ElidedButton), _elided),
    (QLabel, _label),
    (QAbstractButton, _button),
    (QComboBox, _combo),
    (QDoubleSpinBox, _spin),
    (QLineEdit, _line),
    (QPlainTextEdit, _page),
)


def _lies_inside(widget: QWidget) -> Iterator[str]:
    parent = widget.parentWidget()
    if parent is None or widget.isWindow() or _area_of(widget) is not None:
        return
    if not parent.rect().contains(widget.geometry()):
        yield f"lies at {_box(widget.geometry())}, its parent is {_pair(parent.size())}"


def _scrolls(widget: QWidget) -> Iterator[str]:
    area = _area_of(widget)
    if area is None:
        return
    viewport = area.viewport()
    if viewport is None:
        return
    never = Qt.ScrollBarPolicy.ScrollBarAlwaysOff
    for size, room, bar, policy in (
        (
            widget.width(),
            viewport.width(),
            area.horizontalScrollBar(),
            area.horizontalScrollBarPolicy(),
        ),
        (
            widget.height(),
            viewport.height(),
            area.verticalScrollBar(),
            area.verticalScrollBarPolicy(),
        ),
    ):
        if size > room and (policy == never or bar is None or bar.maximum() < size - room):
            yield f"is {size}, has {room}, and cannot be scrolled to"
    least = min(widget.height(), LEAST_SEEN * widget.fontMetrics().lineSpacing())
    if viewport.height() < least:
        yield f"only {viewport.height()} of it are seen"


def _lies_beside_others(widget: QWidget) -> Iterator[str]:
    if isinstance(widget, (QMainWindow, QScrollArea)):
        return
    children = [
        child
        for child in _children(widget)
        if child.isVisible() and not child.isWindow() and not isinstance(child, QSplitterHandle)
    ]
    for number, one in enumerate(children):
        for other in children[number + 1 :]:
            if one.geometry().intersects(other.geometry()):
                yield f"{_name(one)} lies over {_name(other)}"


def _area_of(widget: QWidget) -> QScrollArea | None:
    viewport = widget.parentWidget()
    area = viewport.parentWidget() if viewport is not None else None
    return area if isinstance(area, QScrollArea) and area.widget() is widget else None


def _fits(text: str, metrics: QFontMetrics, room: QRect, besides: int) -> Iterator[str]:
    needed = metrics.boundingRect(text.replace("&", "")).right() + 1 + besides
    if text and needed > room.width():
        yield f"{text!r} needs {needed} pixels, has {room.width()}"
    if text and metrics.height() > room.height():
        yield f"{text!r} is {metrics.height()} high, has {room.height()}"


def _style(widget: QWidget) -> QStyle:
    style = widget.style()
    assert style is not None
    return style


def _name(widget: QWidget) -> str:
    words = widget.accessibleName() or (widget.text() if isinstance(widget, QLabel) else "")
    return f"{type(widget).__name__} {words!r}" if words else type(widget).__name__


def _pair(size: QSize) -> str:
    return f"{size.width()} x {size.height()}"


def _box(box: QRect) -> str:
    return f"{box.x()}, {box.y()}, {box.width()} x {box.height()}"
