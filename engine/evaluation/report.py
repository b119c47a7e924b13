"""The report of an evaluation in Markdown: targets first, then a section per part.

Parts that were not measured are omitted. Knows nothing of how the figures were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.evaluation import sections_heard as heard
from engine.evaluation import sections_made as made
from engine.evaluation.tables import number, share, table
from engine.evaluation.targets import Figures, Judgement, judged

SECTIONS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "notes": heard.notes,
    "harmony": heard.harmony,
    "drums": heard.drums,
    "tempo": heard.tempo,
    "alignment": heard.alignment,
    "composer": heard.composer,
    "instruments": heard.instruments,
    "distance": made.distance,
    "reconstruction": made.reconstruction,
    "structure": made.structure,
    "memorization": made.memorization,
    "transfer": made.transfer,
    "hygiene": made.hygiene,
}
"""Part -> function that writes its section, in the report's order."""


PLAYED = (
    "Takes beside a piece play its own score, so that the model is judged and not the composer; takes from prompts "
    "alone (instruments, long takes, memorization) play the lead sheet that the built-in composer writes for the "
    "prompt, as everywhere in Longtake."
)
UNPLAYED = (
    "This model takes no score, whatever is said below of takes that play one: their notes, chords and strokes match "
    "by chance."
)


def report(figures: Figures) -> str:
    """Markdown of everything that was measured."""
    about = figures["about"]
    title = f"# `{about['model']}`, evaluated"
    material = ", ".join(about["material"]) or "composed for it"
    lead = (
        f"Made by `{about['command']}` on {about['date']}: {about['machine']}, {about['minutes']:.0f} minutes; "
        f"training material: {material}. Takes are compared with held-out pieces by the composer, whose facts are "
        "their prompts: the figures of these pieces are the ceiling, of the same prompts, kinds and lengths. "
        f"{PLAYED if about['plays_scores'] else UNPLAYED} In brackets: where 95 of 100 repetitions on other takes or "
        "pieces would lie (bootstrap)."
    )
    parts = [write(figures[name]) for name, write in SECTIONS.items() if figures.get(name)]
    return "\n\n".join([title, lead, _targets(judged(figures)), *parts]) + "\n"


def _targets(found: Sequence[Judgement]) -> str:
    rows = []
    for judgement in found:
        target = judgement.target
        told = share if target.share else number
        bound = f"{'at most' if target.most else 'at least'} "
        bound += f"{target.wanted:.0%}" if target.share else f"{target.wanted:g}"
        verdict = (
            f"**{judgement.verdict}**" if judgement.verdict == "reached" else judgement.verdict
        )
        measured = (judgement.measured, judgement.low, judgement.high)
        rows.append((target.what, bound, told(measured), verdict))
    steps = [f"- {j.target.what}: {j.target.next_step}" for j in found if j.verdict == "missed"]
    text = (
        "## Targets\n\nReached or missed only where the whole interval is: seven of eight long takes reach 60 %, six "
        "leave it undecided.\n\n"
    ) + table(("what", "target", "measured", ""), rows)
    return text + ("\n\nNext steps for what was missed:\n\n" + "\n".join(steps) if steps else "")
