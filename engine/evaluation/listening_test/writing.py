"""Writes a listening test into a folder: `page/` for listeners, `webmushra/` for that program, `test.json` for oneself.

Knows nothing of answers.
"""

from __future__ import annotations

import json
import logging
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from engine.errors import SpecError
from engine.evaluation.figures import writing
from engine.evaluation.listening_test import stimuli, webmushra
from engine.evaluation.listening_test.design import (
    ANSWERS,
    QUESTIONS,
    Item,
    ListeningTest,
    Stimulus,
)
from engine.evaluation.listening_test.material import Piece
from engine.evaluation.listening_test.stimuli import Source
from engine.whole_files import write_whole

PAGE = ("index.html", "test.css", "words.js", "order.js", "player.js", "ratings.js", "test-page.js")
LEVEL = "level"
"""The sound by which a listener sets the volume."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choices:
    """What may be chosen of a test.

    Attributes:
        title, contact, language, questions, per_listener, listen: see `ListeningTest`; None rates every item.
        reference: the system that is the hidden reference.
        anchors: edges of low-passed references, or where there is none of the first system's sounds, Hz.
        seconds: at most so many of each recording.
        suffix: of the sounds' files.
        loudness: LUFS.
    """

    title: str = "Listening test"
    contact: str = ""
    language: str = ""
    questions: Sequence[str] = tuple(QUESTIONS)
    per_listener: int | None = None
    listen: float = 10.0
    reference: str | None = None
    anchors: Sequence[float] = (3500.0,)
    seconds: float | None = None
    suffix: str = "flac"
    loudness: float = stimuli.LOUDNESS


def write_test(pieces: Sequence[Piece], out: Path, choices: Choices) -> ListeningTest:
    """Writes the test; `out` must not have one yet, since answers belong to one test alone.

    What fails, or is stopped, leaves no page behind.

    Raises:
        SpecError: if there is one, whole or not, or a choice does not fit.
        AudioError: if a recording cannot be used.
        DiskError: if the folder cannot be written.
    """
    if (out / "test.json").exists():
        raise SpecError(
            f"There is a listening test in {out} already, which answers may belong to; choose another --out."
        )
    page = out / "page"
    if page.exists():
        raise SpecError(
            f"{page} is there already, without the test it is of; remove it, or choose another --out."
        )
    sources = [_sources(piece, choices) for piece in pieces]
    every = [source for each in sources for source in each.values()]
    loudness = stimuli.common_loudness(every, choices.loudness)
    if loudness < choices.loudness:
        log.info(
            "all sounds are at %.1f LUFS, so that the one with the highest peaks fits", loudness
        )
    with writing(out), _all_or_none(page):
        for folder in (page / "audio", out / "webmushra", out / ANSWERS):
            folder.mkdir(parents=True, exist_ok=True)
        items = _items(pieces, sources, loudness, page, choices.suffix)
        stimuli.calibration(loudness, page / "audio" / f"{LEVEL}.{choices.suffix}")
        test = _test(items, choices)
        _page(test, page, f"audio/{LEVEL}.{choices.suffix}")
        write_whole(out / "webmushra" / f"{test.id}.yaml", webmushra.config(test))
        # Last: a folder with this file is a whole test.
        test.save(out)
        return test


@contextmanager
def _all_or_none(folder: Path) -> Iterator[None]:
    """Removes a folder if the block that fills it does not come to its end."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def anchor_name(edge: float) -> str:
    """As 'anchor 3.5 kHz'."""
    return f"anchor {edge / 1000:g} kHz"


def _sources(piece: Piece, choices: Choices) -> dict[str, Source]:
    found = {system: Source(path, choices.seconds) for system, path in piece.files.items()}
    model = piece.files.get(choices.reference or "") or next(iter(piece.files.values()))
    anchors = {anchor_name(edge): Source(model, choices.seconds, edge) for edge in choices.anchors}
    both = set(found) & set(anchors)
    if both:
        raise SpecError(f"A system is called {both.pop()}, as the anchor is; give it another name.")
    return found | anchors


def _items(
    pieces: Sequence[Piece],
    sources: Sequence[Mapping[str, Source]],
    loudness: float,
    page: Path,
    suffix: str,
) -> tuple[Item, ...]:
    items: list[Item] = []
    codes: set[str] = set()
    for number, (piece, heard) in enumerate(zip(pieces, sources, strict=True), 1):
        made: list[Stimulus] = []
        for system, source in heard.items():
            # Drawn, so that neither a name nor its place in a list says anything.
            code = next(
                new for new in iter(lambda: f"s{secrets.token_hex(4)}", "") if new not in codes
            )
            codes.add(code)
            file = f"audio/{code}.{suffix}"
            made.append(
                Stimulus(code, system, file, stimuli.written(source, loudness, page / file))
            )
        items.append(Item(f"i{number:03d}", piece.name, piece.prompt, tuple(made)))
        log.info("%d of %d: %s", number, len(pieces), piece.name)
    return tuple(items)


def _test(items: tuple[Item, ...], choices: Choices) -> ListeningTest:
    return ListeningTest(
        id=f"t{secrets.token_hex(6)}",
        title=choices.title,
        contact=choices.contact,
        language=choices.language,
        questions=tuple(choices.questions),
        items=items,
        per_listener=min(choices.per_listener or len(items), len(items)),
        listen=choices.listen,
        reference=choices.reference,
        anchors=tuple(map(anchor_name, choices.anchors)),
    )


def _page(test: ListeningTest, page: Path, level: str) -> None:
    """The page's own files, and `test.js`: a script, since a page from a folder may read nothing else."""
    with resources.as_file(resources.files("engine.evaluation.listening_test") / "page") as own:
        for name in PAGE:
            shutil.copyfile(own / name, page / name)
    shown = json.dumps(test.public() | {"level": level}, ensure_ascii=True)
    write_whole(page / "test.js", f"const TEST = {shown};\n")
