"""What is done to takes and can be undone: to the bin and back, another name, stars, the mark of a favourite.

Knows the library and the history; no widget.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from bridge.state import Take, TakeChange
from engine.errors import LongtakeError
from gui.history import History
from gui.look.language import tr
from gui.qt_session import QtSession
from gui.takes.model import take_title

Each = tuple[str, TakeChange]
"""A take's id and what it gets."""


class TakeActs:
    """Acts on any number of takes at once; each is one line of the history."""

    def __init__(
        self, session: QtSession, history: History, back: Callable[[Sequence[str]], None]
    ) -> None:
        """Tells `back` which takes come back from the bin."""
        self._session, self._history, self._back = session, history, back

    def bin(self, takes: Sequence[Take]) -> None:
        """Moves takes to the bin; those that are gone already are said and left out."""
        library, attempt = self._session.session.takes, self._session.manages
        gone = [take for take in takes if attempt(lambda take=take: library.delete(take.id))]
        if not gone:
            return
        ids = [take.id for take in gone]

        def restore() -> None:
            self._back(ids)
            _each(library.restore, ids)

        words = tr("{0} is in the bin.") if len(gone) == 1 else tr("{0} and others are in the bin.")
        self._history.did(
            _named(tr("bin of {0}"), tr("bin of {0} and others"), gone),
            lambda: _each(library.delete, ids),
            restore,
            words.format(take_title(gone[0])),
        )

    def rename(self, take: Take, name: str) -> None:
        """Gives a take another title."""
        said = tr("{0} is called {1} now.").format(take_title(take), name)
        self._change([take], [{"name": name}], (tr("title of {0}"), ""), said)

    def rate(self, takes: Sequence[Take], stars: int) -> None:
        """Rates takes, 0 to 5."""
        words = tr("stars of {0}"), tr("stars of {0} and others")
        self._change(takes, [{"rating": stars} for _ in takes], words)

    def favour(self, takes: Sequence[Take]) -> None:
        """Marks takes as favourites, or takes the mark away."""
        words = tr("favourite {0}"), tr("favourites {0} and others")
        self._change(takes, [{"favourite": not take.favourite} for take in takes], words)

    def _change(
        self,
        takes: Sequence[Take],
        changes: Sequence[TakeChange],
        words: tuple[str, str],
        said: str = "",
    ) -> None:
        after: list[Each] = [(take.id, new) for take, new in zip(takes, changes, strict=True)]
        before: list[Each] = [
            (take.id, _as_it_is(take, new)) for take, new in zip(takes, changes, strict=True)
        ]
        if after != before:
            name = _named(*words, takes)
            self._history.do(name, lambda: self._set(after), lambda: self._set(before), said)

    def _set(self, changes: Iterable[Each]) -> None:
        library = self._session.session.takes
        _each(lambda each: library.change(each[0], **each[1]), changes)


def _as_it_is(take: Take, change: TakeChange) -> TakeChange:
    made: Any = {field: getattr(take, field) for field in change}
    return made


def _named(one: str, more: str, takes: Sequence[Take]) -> str:
    return (one if len(takes) == 1 else more).format(take_title(takes[0]))


def _each(call: Callable[[Any], object], things: Iterable[Any]) -> None:
    """Calls it for all; what is refused for one is raised when the others have had theirs."""
    refused: LongtakeError | None = None
    for thing in things:
        try:
            call(thing)
        except LongtakeError as error:
            refused = refused or error
    if refused is not None:
        raise refused
