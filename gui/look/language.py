"""The panel's language: a book of phrases in `translations/`, the system's language unless another is chosen.

What engine and bridge say is translated by a second book, `translations/said/`, since their sentences hold values.

Knows nothing of panels. A book is one TOML table, a text of the sources = its translation, so that a translator needs
an editor and nothing else; a text that a book lacks stays English. Numbers and prompts stay as they are: the models
read English.
"""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from PyQt6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

LANGUAGES = {"en": "English", "de": "Deutsch"}
SYSTEM = "system"


class Phrases(QTranslator):
    """A book of phrases; the context of a text makes no difference."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._book = phrases(language)

    def translate(  # pyright: ignore[reportIncompatibleMethodOverride] (Qt asks on after a null string)
        self,
        context: str | None,
        sourceText: str | None,
        disambiguation: str | None = None,
        n: int = -1,
    ) -> str | None:
        """The translation, or None where the book has none."""
        return self._book.get(sourceText or "")

    def isEmpty(self) -> bool:
        """Whether it has no phrase at all."""
        return not self._book


def phrases(language: str) -> dict[str, str]:
    """The book of a language, empty for English."""
    path = files("gui") / "translations" / f"{language}.toml"
    return tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}


def chosen_language(choice: str) -> str:
    """A key of `LANGUAGES` for what was chosen: a key, or the system's own language as far as there is a book."""
    for name in (choice, *QLocale.system().uiLanguages()):
        short = name.replace("_", "-").partition("-")[0].casefold()
        if short in LANGUAGES:
            return short
    return "en"


def speak(application: QCoreApplication, choice: str = SYSTEM) -> str:
    """Gives the application its language, for all widgets that are made from now on; returns the key."""
    global _sayings
    language = chosen_language(choice)
    _sayings = Sayings(language)
    for old in application.findChildren(QTranslator):
        application.removeTranslator(old)
        old.setParent(None)
    if language != "en":
        of_qt = QTranslator(application)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if of_qt.load(f"qtbase_{language}", folder):
            application.installTranslator(of_qt)
        ours = Phrases(language)
        ours.setParent(application)
        application.installTranslator(ours)
    return language


def tr(text: str) -> str:
    """A text in the panel's language, for what is no widget."""
    return QCoreApplication.translate("", text)


class Sayings:
    """What engine and bridge say, by a book of their sentences: an exact one, or one with values in braces.

    Values that are sentences or parts of them are translated by themselves; names, numbers and paths stay.
    """

    def __init__(self, language: str) -> None:
        path = files("gui") / "translations" / "said" / f"{language}.toml"
        self._book: dict[str, str] = (
            tomllib.loads(path.read_text("utf-8")) if path.is_file() else {}
        )
        known = [_Template(text, other) for text, other in self._book.items() if "{" in text]
        self._templates = sorted(known, key=lambda template: -template.literal)
        self.of = lru_cache(maxsize=2048)(self._of)
        """A sentence in the language; one that the book lacks stays as it is."""

    def _of(self, text: str, depth: int = 0) -> str:
        if text in self._book:
            return self._book[text]
        for template in self._templates:
            values = template.values(text)
            if values is not None:
                inner = [self._of(value, depth + 1) if depth < DEEP else value for value in values]
                return template.filled(inner)
        return _joined(text) if depth else text


def _joined(text: str) -> str:
    """A value that is a choice of words or a range of numbers; any other stays."""
    for joint, words in ((r"((?:[\w-]+, )*[\w-]+) or ([\w-]+)", tr("or")), (RANGE, tr("to"))):
        if found := re.fullmatch(joint, text):
            return f"{found[1]} {words} {found[2]}"
    return text


class _Template:
    """A sentence with values: its pattern, and what is said instead."""

    def __init__(self, text: str, other: str) -> None:
        parts = HOLE.split(text)
        self._pieces, self._names = parts[::2], parts[1::2]
        self._other = other
        self._pattern = re.compile("(.*?)".join(map(re.escape, self._pieces)), re.DOTALL)
        self.literal = sum(map(len, self._pieces))

    def values(self, text: str) -> list[str] | None:
        """The values of a text that is this sentence, or None."""
        if not text.startswith(self._pieces[0]) or not text.endswith(self._pieces[-1]):
            return None
        found = self._pattern.fullmatch(text)
        return list(found.groups()) if found else None

    def filled(self, values: list[str]) -> str:
        """The other sentence with these values."""
        named = dict(zip(self._names, values, strict=True))
        return HOLE.sub(lambda hole: named[hole[1]], self._other)


HOLE = re.compile(r"\{(\w*)\}")
RANGE = r"(-?[\d.]+(?:e[+-]?\d+)?) to (-?[\d.]+(?:e[+-]?\d+)?.*)"
DEEP = 4
"""A value in a value in a value: no sentence of ours goes deeper."""
_sayings = Sayings("en")


def said(text: str) -> str:
    """A sentence of the bridge or the engine in the panel's words and language."""
    return _sayings.of(text) if text else text
