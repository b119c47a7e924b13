"""The report of a listening test: opinions as in Table 4, the paper's beside them, pairs, who was left out.

Knows nothing of how answers were read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.evaluation import pictures
from engine.evaluation.figures import write_figures
from engine.evaluation.listening_test import opinions
from engine.evaluation.listening_test.answers import Rating
from engine.evaluation.listening_test.design import NAMED, QUESTIONS, YES_OR_NO, ListeningTest
from engine.evaluation.listening_test.opinions import Opinion, Pair
from engine.evaluation.tables import UNKNOWN, number, share, table
from engine.whole_files import write_whole

PAPER = (
    "Stable Audio 2, 2m",
    "MusicGen-large-stereo, 2m",
    "ground truth, 2m",
    "Stable Audio 2, 4m 45s",
    "MusicGen-large-stereo, 4m 45s",
)
TABLE_4 = {
    "quality": ((4.0, 0.6), (2.8, 0.8), (4.6, 0.4), (4.5, 0.4), (2.8, 0.8)),
    "adherence": ((4.3, 0.7), (3.1, 0.8), (4.6, 0.5), (4.6, 0.4), (2.9, 1.0)),
    "structure": ((3.5, 1.3), (2.4, 0.7), (4.3, 0.8), (4.0, 1.0), (2.1, 0.7)),
    "musicality": ((4.0, 0.8), (2.7, 0.9), (4.6, 0.5), (4.3, 0.7), (2.6, 0.7)),
    "stereo": ((0.96, None), (0.61, None), (0.96, None), (1.0, None), (0.57, None)),
}
"""The paper's Table 4: mean and standard deviation; of stereo, how often it was correct."""


def report(test: ListeningTest, ratings: Sequence[Rating], out: Path, *, screen: bool) -> str:
    """Writes `README.md`, `figures.json` and `opinions.png` into a folder; returns the text.

    Args:
        test: what was asked.
        ratings: all answers.
        out: the folder, which is made.
        screen: whether listeners are left out who do not hear the reference or the anchors.
    """
    left = opinions.screened(ratings, test.reference, test.anchors) if screen else {}
    kept = [one for one in ratings if one.listener not in left]
    found = opinions.opinions(kept)
    compared = opinions.pairs(kept, test.systems)
    out.mkdir(parents=True, exist_ok=True)
    if found:
        pictures.opinions(
            {
                NAMED[name]: {
                    system: found[name][system].mean
                    for system in test.systems
                    if system in found[name]
                }
                for name in _asked(found)
            },
            out / "opinions.png",
        )
    figures = {
        "form": 1,
        "test": test.id,
        "listeners": len({one.listener for one in ratings}),
        "screened": left,
        "opinions": {
            question: {system: asdict(each) for system, each in systems.items()}
            for question, systems in found.items()
        },
        "pairs": [asdict(pair) for pair in compared],
        "paper": {name: dict(zip(PAPER, row, strict=True)) for name, row in TABLE_4.items()},
    }
    write_figures(out / "figures.json", figures)
    text = _text(test, ratings, left, found, compared)
    write_whole(out / "README.md", text)
    return text


def _text(
    test: ListeningTest,
    ratings: Sequence[Rating],
    left: Mapping[str, str],
    found: Mapping[str, Mapping[str, Opinion]],
    compared: Sequence[Pair],
) -> str:
    everyone = len({one.listener for one in ratings})
    others = "listeners and items" if len(test.items) > 1 else "listeners"
    lead = (
        f"{everyone} listeners, {len(test.items)} items, {len(ratings)} answers; {len(left)} listeners left out. Mean "
        "opinion ± standard deviation from bad (1) to excellent (5), of stereo how often it was called correct; in "
        f"brackets where 95 of 100 repetitions with other {others} would lie: nothing where one listener answered, or "
        "all answers are the same."
    )
    parts = [f"# {test.title}: results", lead]
    if not found:
        parts.append("Nobody is left whose answers count; `--keep-all` counts everyone's.")
    else:
        parts += [_opinions(test.systems, found), "![Opinions](opinions.png)", _pairs(compared)]
    parts += [_screened(test, left), _paper()]
    return "\n\n".join(parts) + "\n"


def _opinions(systems: Sequence[str], found: Mapping[str, Mapping[str, Opinion]]) -> str:
    rows = [
        (NAMED[name], *(_cell(name, found[name].get(system)) for system in systems))
        for name in _asked(found)
    ]
    return table(("", *systems), rows)


def _cell(question: str, opinion: Opinion | None) -> str:
    if opinion is None:
        return UNKNOWN
    if _is_share(question):
        return share(opinion.mean)
    value, *ends = opinion.mean
    between = number((value, *ends), 1).removeprefix(f"{value:.1f}")
    return f"{value:.1f} ± {opinion.deviation:.1f}{between}".replace("± nan", "").strip()


def _pairs(compared: Sequence[Pair]) -> str:
    rows = [
        (
            NAMED[pair.question],
            pair.one,
            pair.other,
            number(pair.difference),
            pair.listeners,
            _p(pair.p),
            f"**{_p(pair.corrected)}**" if pair.differs else _p(pair.corrected),
        )
        for pair in compared
    ]
    heads = ("", "system", "minus", "difference", "listeners", "p", "corrected")
    return (
        "## Which differ\n\nThe same listeners on the same items; p of the sign-flip test over listeners, corrected "
        "for all pairs of a question (Holm). Below six listeners nothing can be sure.\n\n"
    ) + table(heads, rows)


def _screened(test: ListeningTest, left: Mapping[str, str]) -> str:
    rule = (
        f"Left out is who rates the audio quality of the hidden reference {opinions.POOR} or less, or that of an "
        f"anchor {opinions.GOOD} or more, on more than {opinions.OFTEN:.0%} of the items (after ITU-R BS.1534-3)."
    )
    if not (test.reference or test.anchors):
        rule = "The test has neither a reference nor an anchor, so that nobody could be screened."
    rows = "\n".join(f"- `{who[:8]}` {why}" for who, why in left.items())
    return "\n\n".join(filter(None, ["## Screening", rule, rows]))


def _paper() -> str:
    rows = []
    for name, row in TABLE_4.items():
        shown = [
            f"{value:.0%}" if spread is None else f"{value} ± {spread}" for value, spread in row
        ]
        rows.append((NAMED[name], *shown))
    return (
        "## The paper's (Table 4)\n\n26 producers and researchers of music, with studio monitors or headphones; other "
        "listeners and other music, so that only differences between systems may be set beside each other.\n\n"
    ) + table(("", *PAPER), rows)


def _asked(found: Mapping[str, Any]) -> list[str]:
    return [name for name in QUESTIONS if name in found]


def _is_share(question: str) -> bool:
    return QUESTIONS[question] is YES_OR_NO


def _p(value: float) -> str:
    if value != value:
        return UNKNOWN
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
