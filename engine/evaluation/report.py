"""The report of an evaluation in Markdown: targets first, then a section per part.

Parts that were not measured are omitted. Knows nothing of how the figures were measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.evaluation.reconstruction import TABLE_5
from engine.evaluation.targets import Figures, Judgement, judged

Part = Mapping[str, Any]


def report(figures: Figures) -> str:
    """Markdown of everything that was measured."""
    about = figures["about"]
    title = f"# `{about['model']}`, evaluated"
    lead = (
        f"Made by `{about['command']}` on {about['date']}: {about['machine']}, {about['minutes']:.0f} minutes. "
        f"Held-out material: {about['held_out']} pieces; training material: {about['training']} pieces. "
        "The ceiling beside a figure is the same measure on held-out music."
    )
    parts = [write(figures[name]) for name, write in SECTIONS.items() if figures.get(name)]
    return "\n\n".join([title, lead, _targets(judged(figures)), *parts]) + "\n"


def _targets(found: Sequence[Judgement]) -> str:
    rows = []
    for judgement in found:
        target = judgement.target
        bound = "at most" if target.most else "at least"
        verdict = "**reached**"
        if judgement.missed_by > 0:
            verdict = f"missed by {_number(judgement.missed_by, target.share)}"
        wanted = f"{bound} {_number(target.wanted, target.share)}"
        rows.append((target.what, wanted, _number(judgement.measured, target.share), verdict))
    steps = [
        f"- {judgement.target.what}: {judgement.target.next_step}"
        for judgement in found
        if judgement.missed_by > 0
    ]
    text = "## Targets\n\n" + _table(("what", "target", "measured", ""), rows)
    return text + ("\n\nNext steps for what was missed:\n\n" + "\n".join(steps) if steps else "")


def _reconstruction(part: Part) -> str:
    rows = [(f"all {part['pieces']} pieces", *_three(part))]
    rows += [(name, *_three(measures)) for name, measures in part["apart"].items()]
    rows += [
        (f"*{name}*", f"{stft:.2f}", f"{mel:.2f}", f"{sisdr:.2f}")
        for name, (stft, mel, sisdr) in TABLE_5.items()
    ]
    return (
        "## Reconstruction (§4.3)\n\n"
        "12 s of each held-out piece through the autoencoder and back; auraloss with its defaults, mel of the mono "
        "sum. In italics: the paper's Table 5, on other material.\n\n"
        + _table(("", "STFT", "mel", "SI-SDR, dB"), rows)
    )


ROLES = {"piece": "the pieces", "again": "their reconstructions", "take": "takes"}


def _notes(part: Part) -> str:
    rows = [
        (
            name,
            _per_ten(part["onsets"][role]),
            *(_sure(part["rows"][role][figure]) for figure in ("precision", "recall", "f1")),
        )
        for role, name in ROLES.items()
    ]
    chance = part["rows"]["chance"]
    rows += [
        ("the score itself", _per_ten(part["written"]), "", "", ""),
        ("chance: another piece's score", "", *(_sure(value) for value in chance.values())),
    ]
    voices = [
        (f"{name}, {count} pieces", *map(_sure, figures))
        for name, (count, *figures) in part["voices"].items()
    ]
    return (
        "## Notes\n\n"
        f"What Basic Pitch, a transcriber that nobody here trained, hears in {part['pieces']} held-out pieces, in "
        "their reconstructions and in takes from their prompts, beside the score: the same pitch within 50 ms. It "
        "hears no true piece perfectly; its figures for the pieces are the ceiling. Takes are told no notes, so they "
        "match the score by chance; how many onsets they have is theirs. Of as many onsets as the pieces have, "
        f"reconstructions have {_sure(part['again_of_piece'])} and takes {_sure(part['take_of_piece'])}; with what is "
        f"heard in the pieces, reconstructions agree to an F1 of {_sure(part['heard_again'])}.\n\n"
        + _table(("", "onsets in 10 s", "precision", "recall", "F1"), rows)
        + "\n\nF1 by how many notes sound at once:\n\n"
        + _table(("", *ROLES.values()), voices)
    )


def _three(measures: Part) -> tuple[str, str, str]:
    return tuple(f"{measures[name]:.2f}" for name in ("stft", "mel", "si_sdr"))  # type: ignore[return-value]


def _alignment(part: Part) -> str:
    rows = [
        (
            f"{part['takes']} takes",
            f"{part['score']:.3f}",
            f"{part['shuffled']:.3f}",
            f"{part['retrieval']:.0%}",
        ),
        (
            f"{part['ceiling_pieces']} held-out composed pieces",
            f"{part['ceiling_score']:.3f}",
            f"{part['ceiling_shuffled']:.3f}",
            f"{part['ceiling_retrieval']:.0%}",
        ),
        ("chance", "", "", "10%"),
    ]
    return (
        "## Prompt alignment (§4.1)\n\n"
        "Cosine between prompt and sound in the space of our own CLAP, with the right prompts and with others, and "
        "how often the right one is the nearest of ten. Prompts are made from the metadata of held-out pieces.\n\n"
        + _table(("", "CLAP score", "other prompts", "right of 10"), rows)
    )


def _tempo(part: Part) -> str:
    missed = [
        (genre, f"{requested:g}", f"{found:.1f}")
        for genre, requested, found in part["rows"]
        if min(abs(found / requested / factor - 1) for factor in (0.5, 1, 2)) > 0.03
    ]
    text = (
        "## Tempo\n\n"
        f"{len(part['rows'])} prompts with drums, 70 to 175 BPM: {part['followed']:.0%} within 3 % of the tempo, its "
        f"half or its double by librosa; {part['exact']:.0%} without halving or doubling. For {part['ceiling_pieces']} "
        f"held-out loops with drums, the measure gives {part['ceiling']:.0%}.\n\n"
        "![requested and measured](tempo.png)"
    )
    if missed:
        text += "\n\nNot found:\n\n" + _table(("genre", "requested", "measured"), missed)
    return text


def _keys(part: Part) -> str:
    rows = [
        (f"{len(part['rows'])} takes", f"{part['same']:.0%}", f"{part['relative']:.0%}"),
        (
            f"{part['ceiling_pieces']} held-out pieces",
            f"{part['ceiling_same']:.0%}",
            f"{part['ceiling_relative']:.0%}",
        ),
        ("chance", "4%", "8%"),
    ]
    return (
        "## Key\n\n"
        "Piano and strings in twelve keys, major and minor; the key is estimated by chroma profiles. No target.\n\n"
        + _table(("", "same key", "same or relative key"), rows)
    )


def _instruments(part: Part) -> str:
    rows = [(name, f"{share:.0%}", heard) for name, share, heard in part["rows"]]
    return (
        "## Instruments\n\n"
        f"Prompts for a single instrument; a classifier on CLAP embeddings, trained on {part['stems']} held-out stems, "
        f"listens. It recognises {part['recognised']:.0%} of the takes, and {part['ceiling']:.0%} of stems "
        "it was not trained on.\n\n" + _table(("requested", "recognised", "heard"), rows)
    )


def _frechet(part: Part) -> str:
    names = {
        "takes": "takes",
        "training": "training material (the floor)",
        "noise": "white noise",
    }
    rows = [(label, f"{part[name]:.3f}") for name, label in names.items() if name in part]
    return (
        "## Fréchet distance (§4.1)\n\n"
        f"To the held-out material, in the space of our own CLAP, {part['vectors']} windows of ten seconds each.\n\n"
        + _table(("", "distance"), rows)
    )


def _structure(part: Part) -> str:
    rows = [
        (name, count, f"{share:.0%}", f"{novel:.2f}", _yes(starts), _yes(ends), holes)
        for name, count, share, novel, starts, ends, holes in part["rows"]
    ]
    prompts = "\n".join(f"{number}. `{prompt}`" for number, prompt in enumerate(part["prompts"], 1))
    heads = ("", "boundaries", "returns", "novelty", "starts", "ends", "holes")
    return (
        "## Structure (§4.4)\n\n"
        f"Takes of {part['seconds']:g} s beside held-out arrangements and noise. Self-similarity of harmony and "
        'timbre; lines are boundaries; "returns" is the share of the piece that sounds like another passage of it, '
        f"eight seconds long and at least sixteen away.\n\n{prompts}\n\n![self-similarity](structure.png)\n\n"
        + _table(heads, rows)
    )


def _memorization(part: Part) -> str:
    rows = [(f"`{prompt}`", piece, f"{distance:.3f}") for prompt, piece, distance in part["rows"]]
    return (
        "## Memorization (§4.5)\n\n"
        f"Distance (1 - cosine in CLAP space) of {part['generations']} generations to the nearest of {part['windows']} "
        f"windows of the training material: median {part['median']:.3f}, closest {part['closest']:.3f}; with prompts "
        f"of training pieces, median {part['median_trained_prompts']:.3f}. Held-out pieces of the same composer, which "
        f"cannot have been memorized: median {part['held_out_median']:.3f}, closest {part['held_out_closest']:.3f}. "
        f"{part['nearer_than_any_held_out']} generations are nearer than any held-out piece. The closest pairs:\n\n"
        + _table(("generation", "training material", "distance"), rows)
    )


def _transfer(part: Part) -> str:
    rows = [
        (f"{level:g}", f"{onsets:.2f}", f"{moved:.0%}") for level, onsets, moved in part["rows"]
    ]
    return (
        "## Audio-to-audio (§4.6)\n\n"
        f"{part['recordings']} recordings (beatbox, hand claps) with known onsets, `Instruments: Drums` at their "
        "tempo. Onsets within 50 ms; timbre by MFCC on the line from the recording (0 %) to the prompt's result "
        f"without it (100 %). In the recordings themselves, the detector has an F1 of "
        f"{part['ceiling_onsets']:.2f}. Default strength by these figures: **{part['default']:g}**.\n\n"
        "![strengths](transfer.png)\n\n" + _table(("strength", "onsets F1", "timbre moved"), rows)
    )


def _hygiene(part: Part) -> str:
    text = (
        "## Hygiene\n\n"
        f"Of all {part['takes']} takes for this report, {part['clean']:.0%} are free of DC, clicks and clipping, "
        f"and {part['stereo']:.0%} have a correlation of left and right between 0.2 and 0.99 "
        f"({part['lowest_correlation']:.2f} to {part['highest_correlation']:.2f}); of composed held-out "
        f"pieces {part['ceiling_clean']:.0%} and "
        f"{part['ceiling_stereo']:.0%}. Largest DC: {part['largest_dc']:.5f} of full scale."
    )
    rows = [
        (f"`{name}`", faults, f"{dc:.5f}", clicks, clipped, f"{correlation:.3f}")
        for name, faults, dc, clicks, clipped, correlation in part["rows"]
    ]
    heads = ("take", "fault", "DC", "clicks", "clipped", "correlation")
    return text + (f"\n\nTakes with a fault:\n\n{_table(heads, rows)}" if rows else "")


SECTIONS: dict[str, Callable[[Part], str]] = {
    "notes": _notes,
    "reconstruction": _reconstruction,
    "alignment": _alignment,
    "tempo": _tempo,
    "keys": _keys,
    "instruments": _instruments,
    "frechet": _frechet,
    "structure": _structure,
    "memorization": _memorization,
    "transfer": _transfer,
    "hygiene": _hygiene,
}
"""Part -> function that writes its section, in the report's order."""


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    # A bar in a cell would end the cell.
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def _number(value: float, share: bool) -> str:
    return f"{value:.0%}" if share else f"{value:.3g}"


def _sure(estimate: Sequence[float]) -> str:
    """A share with its 95 % interval."""
    value, low, high = estimate
    return f"{value:.0%} ({100 * low:.0f}-{100 * high:.0f})"


def _per_ten(estimate: Sequence[float]) -> str:
    value, low, high = estimate
    return f"{value:.1f} ({low:.1f}-{high:.1f})"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
