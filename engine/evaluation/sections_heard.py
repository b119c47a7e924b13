"""The report's sections on music: notes, harmony, drums, tempo, and what prompts ask for.

Knows nothing of how the figures were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.evaluation.tables import ROLES, number, points, share, table

Part = Mapping[str, Any]
CHANCE = "chance: another piece's"
PLAYED = {
    "piece": ROLES["piece"],
    "take": "takes of their own scores",
    "composed": "takes of the composer's lead sheets",
    "none": "takes with `--score none`",
}
"""What plays -> name in a report."""


def notes(part: Part) -> str:
    """What the transcriber hears, against the score."""
    names = ("precision", "recall", "f1")
    rows = [
        (
            name,
            number(part["onsets"][role], 1),
            *(share(part["rows"][role][figure]) for figure in names),
        )
        for role, name in ROLES.items()
    ]
    rows += [
        ("the score itself", number(part["written"], 1), "", "", ""),
        (CHANCE, "", *(share(part["rows"]["chance"][figure]) for figure in names)),
    ]
    voices = [
        (f"{name}, {count} pieces", *map(share, figures))
        for name, (count, *figures) in part["voices"].items()
    ]
    return (
        "## Notes\n\n"
        f"What Basic Pitch, a transcriber that nobody here trained, hears in {part['pieces']} held-out pieces, in "
        "their reconstructions and in takes that play the same score, beside that score: the same pitch within 50 ms. "
        f"It hears no true piece perfectly; its figures for the pieces are the ceiling, of which takes reach "
        f"{share(part['f1_of_piece'])} (F1). Of as many onsets as the pieces have, reconstructions have "
        f"{share(part['again_of_piece'])} and takes {share(part['take_of_piece'])}; with what is heard in the pieces, "
        f"reconstructions agree to an F1 of {share(part['heard_again'])}.\n\n"
        + table(("", "onsets in 10 s", "precision", "recall", "F1"), rows)
        + "\n\nF1 by how many notes sound at once:\n\n"
        + table(("", *ROLES.values()), voices)
    )


def harmony(part: Part) -> str:
    """Chords and keys against the score."""
    rows = [
        (
            name,
            share(part["chords"][role]["root"]),
            share(part["chords"][role]["triad"]),
            share(part["keys"][role]["same"]),
            share(part["keys"][role]["relative"]),
            share(part["inside"][role]),
        )
        for role, name in ROLES.items()
    ]
    chance = part["chords"]["chance"]
    rows.append((CHANCE, share(chance["root"]), share(chance["triad"]), "4%", "8%", "58%"))
    heads = ("", "root", "triad", "key", "or its relative", "notes in the key")
    return (
        "## Chords and key\n\n"
        f"From the pitch classes that the transcriber hears in {part['pieces']} pieces: the share of the time with the "
        "chord of the score, its root or the whole triad; the key of the "
        f"{part['keyed']} pieces in major and minor; and how many notes lie in the scale of that key, church modes "
        "too. Takes play these chords, and their prompts name the key. Of what the pieces reach, takes have the right "
        f"triad {share(part['triads_of_piece'])} as long and the right key {share(part['keys_of_piece'])} as "
        "often.\n\n" + table(heads, rows)
    )


def drums(part: Part) -> str:
    """Strokes against the score."""
    rows = [
        (
            name,
            number(part["onsets"][role], 1),
            share(part["rows"][role]["heard"]),
            share(part["rows"][role]["written"]),
            share(part["rows"][role]["f1"]),
            share(part["grid"][role]),
        )
        for role, name in ROLES.items()
    ]
    chance = part["rows"]["chance"]
    on_grid = f"{part['grid_chance']:.0%}"
    met, named, both = (share(chance[name]) for name in ("heard", "written", "f1"))
    rows.append((CHANCE, "", met, named, both, on_grid))
    heads = ("", "onsets in 10 s", "strokes heard", "onsets written", "F1", "on a sixteenth")
    return (
        "## Drums\n\n"
        f"Onsets (librosa's) in {part['pieces']} pieces with drums, within 50 ms of the score: which drum strokes are "
        "heard (recall), which onsets any instrument has in the score (precision), and both as F1. Takes play these "
        f"strokes: their F1 is {share(part['f1_of_piece'])} of the pieces' own. The tempo's sixteenths are met where "
        "an onset is at most 20 ms away (swing is not).\n\n" + table(heads, rows)
    )


def composer(part: Part) -> str:
    """What the composer's lead sheets add."""
    figures = ("tempo", "key", "retrieval")
    rows = [
        (name, *(share(part["rows"][played][figure]) for figure in figures))
        for played, name in PLAYED.items()
    ]
    rows.append(("what the composer adds", *(points(part["adds"][figure]) for figure in figures)))
    return (
        "## What the composer adds\n\n"
        "From a prompt alone, the built-in composer writes a lead sheet, and the model plays it; `--score none` leaves "
        f"the notes to the model, as the paper does. {part['pairs']} prompts with drums and a key in major or minor, "
        "each with the same seed: whether the tempo (half or double), the key and the prompt among ten are "
        "found.\n\n" + table(("", "tempo", "key", "prompt among 10"), rows)
    )


def tempo(part: Part) -> str:
    """Tempi against those in the prompts."""
    rows = [
        (name, share(part["rows"][role]["followed"]), share(part["rows"][role]["exact"]))
        for role, name in ROLES.items()
    ]
    rows.append((CHANCE, share(part["chance"]), ""))
    missed = [
        (f"`{prompt}`", f"{requested:g}", f"{found:.1f}")
        for prompt, requested, found in part["missed"]
    ]
    text = (
        "## Tempo\n\n"
        f"{part['pairs']} prompts with drums: within 3 % of the tempo, its half or its double by librosa, or of the "
        f"tempo itself. Takes, which play the pieces' scores, beside the pieces: {points(part['behind'])}.\n\n"
        + table(("", "tempo, half or double", "tempo"), rows)
        + "\n\n![requested and measured](tempo.png)"
    )
    if missed:
        text += "\n\nNot found in takes, some of them:\n\n"
        text += table(("prompt", "requested", "measured"), missed)
    return text


def alignment(part: Part) -> str:
    """Prompts found again in CLAP space, and pieces in the tagger's."""
    own = part["own_piece"]
    rows = [
        (
            name,
            *(number(part["rows"][role][figure], 3) for figure in ("score", "others")),
            share(part["rows"][role]["retrieval"]),
            share(own[role]) if role in own else "",
        )
        for role, name in ROLES.items()
    ]
    rows.append(("chance", "", "", "10%", "10%"))
    heads = ("", "CLAP score", "other prompts", "prompt among 10", "piece among 10")
    return (
        "## Prompt alignment (§4.1)\n\n"
        f"{part['pairs']} prompts, made from the facts of held-out pieces, here without the key. Cosine of prompt and "
        "sound in the space of our own CLAP, with the right prompts and with others, and how often the right one is "
        "the nearest of ten. The last column asks a listener of its own: how often musicnn, a tagger that nobody here "
        "trained, finds the piece nearest of ten that the prompt is of. Takes beside their pieces: CLAP score "
        f"{number(part['score_behind'], 3)}, prompt among ten {points(part['retrieval_behind'])}.\n\n"
        + table(heads, rows)
    )


def instruments(part: Part) -> str:
    """Instruments asked for alone."""
    return (
        "## Instruments\n\n"
        f"{part['takes']} prompts for one instrument alone. A classifier listens that has learnt from {part['stems']} "
        "stems in voices that the model never heard, of a soundfont that its material does not use; it hears with "
        "CLAP and the tagger together. It recognises "
        f"{share(part['recognised'])} of the takes and {share(part['ceiling'])} of as many true stems in the "
        f"material's voices, which it does not know either: {share(part['of_ceiling'])} of the ceiling.\n\n"
        + table(("requested", "heard in takes", "heard in true stems"), part["rows"])
    )
