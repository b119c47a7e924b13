"""The panel's language: a book of phrases in `translations/`, the system's language unless another is chosen.

Knows nothing of panels. A book is one TOML table, a text of the sources = its translation, so that a translator needs
an editor and nothing else; a text that a book lacks stays English. Numbers and prompts stay as they are: the models
read English.
"""

from __future__ import annotations

import tomllib
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
    language = chosen_language(choice)
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


def said(text: str) -> str:
    """A sentence of the bridge or the engine in the panel's language."""
    return tr(text)
