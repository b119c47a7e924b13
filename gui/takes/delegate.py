"""How a take is drawn in the list: star, launch, waveform, name and prompt, tempo, key, length, rating.

Knows `TakeModel` and the peaks; clicks on star, launch and rating are signalled, not acted on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PyQt6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    pyqtSignal,
)
from PyQt6.QtGui import QColor, QMouseEvent, QPainter, QPolygonF
from PyQt6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem

from bridge.state import Take
from gui.look.icons import paint_icon
from gui.look.theme import Look
from gui.takes.model import APART, TAKE, length_words, take_title, take_words, tempo_words
from gui.takes.peak_store import PeakStore, Thumbnail
from gui.takes.row_painter import RIGHT, RowPainter

ROW = 62
STARS = 5


@dataclass(frozen=True, slots=True)
class Places:
    """Where the parts of a row are."""

    star: QRectF
    launch: QRectF
    wave: QRectF
    words: QRectF
    tempo: QRectF
    key: QRectF
    length: QRectF
    rating: QRectF


class TakeDelegate(QStyledItemDelegate):
    """Draws takes; `favoured`, `rated` and `launched` signal clicks, with the take."""

    favoured = pyqtSignal(object)
    rated = pyqtSignal(object, int)
    launched = pyqtSignal(object)

    def __init__(self, look: Look, peaks: PeakStore) -> None:
        super().__init__()
        self._look, self._peaks = look, peaks
        self.playing = ""
        self.waiting: tuple[str, str] = ("", "")
        """The take that waits for its beat, and the count down to it."""
        self.marks: dict[str, str] = {}
        """Take id -> A or B, for the two that are compared."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:
        """Every row is as high."""
        return QSize(self._look.px(320), self._look.px(ROW))

    def places(self, box: QRectF) -> Places:
        """The parts of a row; narrow lists leave out tempo, key and rating, then the wave."""
        px, width = self._look.px, box.width()
        roomy, wide = width >= px(640), width >= px(430)
        left, right = box.left() + px(10), box.right() - px(10)

        def cut(size: float) -> QRectF:
            nonlocal right
            right -= px(size)
            return QRectF(right, box.top(), px(size), box.height())

        rating = cut(92) if roomy else QRectF()
        length = cut(52)
        key = cut(72) if roomy else QRectF()
        tempo = cut(96) if roomy else QRectF()
        star = QRectF(left, box.center().y() - px(9), px(18), px(18))
        launch = star.translated(star.width() + px(10), 0)
        drawn = px(130) if roomy else px(92) if wide else 0
        wave = QRectF(launch.right() + px(10), box.top() + px(10), drawn, box.height() - px(20))
        start = wave.right() + px(14) if drawn else launch.right() + px(10)
        words = QRectF(start, box.top(), max(right - start - px(8), 10), box.height())
        return Places(star, launch, wave, words, tempo, key, length, rating)

    def paint(
        self, painter: QPainter | None, option: QStyleOptionViewItem, index: QModelIndex
    ) -> None:
        """Draws one take."""
        take = index.data(TAKE)
        if painter is None or not isinstance(take, Take):
            return
        row = RowPainter(painter, self._look)
        painter.save()
        places = self.places(row.ground(option))
        self._paint_marks(painter, take, places)
        self._paint_words(row, take, places, str(index.data(APART) or ""))
        painter.restore()

    def editorEvent(
        self,
        event: QEvent | None,
        model: QAbstractItemModel | None,
        option: QStyleOptionViewItem,
        index: QModelIndex,
    ) -> bool:
        """Takes clicks on star, launch and rating."""
        take = index.data(TAKE)
        if (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonRelease
            and isinstance(take, Take)
        ):
            places, point = self.places(QRectF(option.rect)), event.position()
            if places.star.adjusted(-6, -6, 6, 6).contains(point):
                self.favoured.emit(take)
                return True
            if places.launch.adjusted(-4, -6, 4, 6).contains(point):
                self.launched.emit(take)
                return True
            if places.rating.contains(point):
                stars = (
                    int((point.x() - places.rating.left()) / (places.rating.width() / STARS)) + 1
                )
                self.rated.emit(take, 0 if stars == take.rating else stars)
                return True
        return super().editorEvent(event, model, option, index)

    def _paint_marks(self, painter: QPainter, take: Take, places: Places) -> None:
        look, playing = self._look, take.id == self.playing
        star = "star-filled" if take.favourite else "star"
        paint_icon(painter, star, look.colour("accent" if take.favourite else "edge"), places.star)
        waits = take.id == self.waiting[0]
        sign, colour = ("close", "accent") if waits else ("play", "accent" if playing else "edge")
        paint_icon(painter, sign, look.colour(colour), places.launch)
        if places.wave.width():
            thumbnail = self._peaks.thumbnail(take.path)
            if thumbnail is not None:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(look.colour("accent" if playing else "wave"))
                painter.drawPolygon(_outline(thumbnail, places.wave))
            else:
                painter.fillRect(
                    QRectF(places.wave.left(), places.wave.center().y(), places.wave.width(), 1),
                    QColor(look.colour("edge", 0.6)),
                )
        if places.rating.width():
            side = places.rating.width() / STARS
            for index in range(STARS):
                left = places.rating.left() + index * side
                small = QRectF(
                    left, places.rating.center().y() - look.px(7), look.px(14), look.px(14)
                )
                full = index < take.rating
                icon = "star-filled" if full else "star"
                paint_icon(painter, icon, look.colour("text" if full else "edge"), small)

    def _paint_words(self, row: RowPainter, take: Take, places: Places, told: str) -> None:
        look, words = self._look, places.words
        half, edge = words.height() / 2, look.px(8)
        mark = self.marks.get(take.id, "")
        name = f"{mark}  {take_title(take)}" if mark else take_title(take)
        # A narrow row says the tempo in its second line, so that the title has the room.
        tempo = tempo_words(take)
        second = take_words(take, "" if places.tempo.width() else tempo, told)
        row.write(words.adjusted(0, edge, 0, -half), name, ("strong", "text"))
        row.write(words.adjusted(0, half, 0, -edge), second, ("small", "muted"))
        waits = take.id == self.waiting[0]
        length = self.waiting[1] if waits else length_words(take.seconds)
        for box, text, colour in (
            (places.tempo, tempo, "text"),
            (places.key, take.key, "muted"),
            (places.length, length, "accent" if waits else "text"),
        ):
            row.write(box.adjusted(0, 0, -look.px(10), 0), text, ("small", colour), RIGHT)


def _outline(thumbnail: Thumbnail, box: QRectF) -> QPolygonF:
    columns = thumbnail.shape[1]
    xs = box.left() + np.arange(columns) * box.width() / columns
    middle, reach = box.center().y(), box.height() / 2
    top, bottom = middle - thumbnail[1] * reach - 0.5, middle - thumbnail[0] * reach + 0.5
    points = [QPointF(x, y) for x, y in zip(xs.tolist(), top.tolist(), strict=True)]
    points += [QPointF(x, y) for x, y in zip(xs[::-1].tolist(), bottom[::-1].tolist(), strict=True)]
    return QPolygonF(points)
