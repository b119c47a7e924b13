"""What is done to takes and can be undone: to the bin and back, another name, stars, the mark of a favourite.

What is refused for one take of several is said and leaves the act; the others go on.

Knows the library and the history; no widget.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bridge.errors import BridgeError
from bridge.state import Take, TakeChange
from engine.errors import LongtakeError
from gui.history import History
from gui.look.language import tr
from gui.qt_session import QtSession
from gui.takes.model import take_title


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
        left = list(gone)

        def restore() -> None:
            self._back([take.id for take in left])
            _each(lambda take: library.restore(take.id), left)

        words = tr("{0} is in the bin.") if len(gone) == 1 else tr("{0} and others are in the bin.")
        self._history.did(
            _named(tr("bin of {0}"), tr("bin of {0} and others"), gone),
            lambda: _each(lambda take: library.delete(self._there(take)), left),
            restore,
            words.format(take_title(gone[0])),
            lambda: bool(left),
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
        left = list(takes)
        after = {take.id: new for take, new in zip(takes, changes, strict=True)}
        before = {take.id: _as_it_is(take, after[take.id]) for take in takes}
        if after != before:
            self._history.do(
                _named(*words, takes),
                lambda: self._set(left, after),
                lambda: self._set(left, before),
                said,
                lambda: bool(left),
            )

    def _set(self, takes: list[Take], changes: Mapping[str, TakeChange]) -> None:
        change = self._session.session.takes.change
        _each(lambda take: change(self._there(take), **changes[take.id]), takes)

    def _there(self, take: Take) -> str:
        """The id of a take that is still listed; else it is said by its title."""
        library = self._session.session.takes
        try:
            return library.get(take.id).id
        except LongtakeError as error:
            gone = tr("There is no take {0} any more.").format(take_title(take))
            raise BridgeError("bad_args", gone) from error


def _as_it_is(take: Take, change: TakeChange) -> TakeChange:
    made: Any = {field: getattr(take, field) for field in change}
    return made


def _named(one: str, more: str, takes: Sequence[Take]) -> str:
    return (one if len(takes) == 1 else more).format(take_title(takes[0]))


def _each(call: Callable[[Take], object], takes: list[Take]) -> None:
    """Calls it for all; one that is refused is taken out, and the first refusal raised when the others had theirs."""
    refused: LongtakeError | None = None
    for take in list(takes):
        try:
            call(take)
        except LongtakeError as error:
            refused = refused or error
            takes.remove(take)
    if refused is not None:
        raise refused
