"""The report's sections on sound and form: distances, reconstruction, structure, memory, recordings, faults.

Knows nothing of how the figures were measured.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.evaluation.memorization import REPLICA
from engine.evaluation.reconstruction import TABLE_5
from engine.evaluation.tables import number, points, share, table, yes

Part = Mapping[str, Any]
FORMAL = {
    "parted": "4 or more",
    "met": "as written",
    "returns": "returns",
    "starts": "starts",
    "ends": "ends",
    "lands": "where written",
    "unbroken": "no holes",
}
"""Figure of form -> head of its column."""


def distance(part: Part) -> str:
    """Kernel distances to held-out pieces."""
    names = {
        "true": "held-out pieces (the floor)",
        "again": "reconstructions",
        "take": "takes",
        "noise": "white noise",
    }
    rows = [
        (name, number(part["tagged"][key]), number(part["clap"][key]))
        for key, name in names.items()
    ]
    return (
        "## Distance to held-out pieces (§4.1)\n\n"
        f"Kernel audio distance (KAD) of {part['pairs']} sounds, every second one to the pieces in between: unbiased, "
        "so that the floor lies about 0 for any number of sounds. In the space of musicnn, which nobody here trained, "
        "and of our own CLAP.\n\n" + table(("", "musicnn", "CLAP"), rows)
    )


def reconstruction(part: Part) -> str:
    """Distances beside those of the paper's Table 5."""
    rows = [(f"{part['pieces']} composed pieces", *_three(part))]
    if "recordings" in part:
        rows.append((f"{part['recordings']['pieces']} recordings", *_three(part["recordings"])))
    rows += [
        (f"*{name}*", f"{stft:.2f}", f"{mel:.2f}", f"{sisdr:.2f}")
        for name, (stft, mel, sisdr) in TABLE_5.items()
    ]
    return (
        "## Reconstruction (§4.3)\n\n"
        "Held-out pieces through the autoencoder and back; auraloss with its defaults, mel of the mono sum. In "
        "italics: the paper's Table 5, on other material.\n\n"
        + table(("", "STFT", "mel", "SI-SDR, dB"), rows)
    )


def _three(measures: Part) -> tuple[str, str, str]:
    stft, mel, si_sdr = (number(measures[name]) for name in ("stft", "mel", "si_sdr"))
    return stft, mel, si_sdr


def structure(part: Part) -> str:
    """Form of long takes beside the songs that their prompts are of."""
    sums = [
        (
            name,
            number(group["boundaries"], 1),
            *(share(group[figure]) for figure in FORMAL),
        )
        for name, group in (("takes", part), ("their pieces", part["pieces"]))
    ]
    noise = part["noise"]
    sums.append(("chance: another take's score", "", "", share(part["chance"]), *[""] * 5))
    sums.append(("white noise", noise["boundaries"], "", "", f"{noise['returns']:.0%}", *[""] * 4))
    rows = [(f"`{prompt}`", _form(ours), _form(theirs)) for prompt, ours, theirs in part["rows"]]
    heads = ("", "boundaries", *FORMAL.values())
    behind = part["behind"]
    return (
        "## Structure (§4.4)\n\n"
        f"{part['takes']} takes of {part['seconds']:g} s beside the held-out songs that their prompts are of. "
        "Self-similarity of harmony and timbre; lines are boundaries, triangles those that are written: in the lead "
        "sheet of a take, in the score of a piece. They are met within three seconds (F1, mean of the takes). "
        '"Returns" is the share of the piece that sounds like another passage of it, eight seconds long and at least '
        "sixteen away. An end has died away just before the take is over; where it is written, three seconds early or "
        f"late. Takes beside their pieces: {number(behind['boundaries'], 1)} boundaries, returns "
        f"{points(behind['returns'])}.\n\n"
        + table(heads, sums)
        + "\n\n![self-similarity](structure.png)\n\n"
        + "Boundaries heard / written, returns, start, end, end as written, holes:\n\n"
        + table(("prompt", "take", "piece"), rows)
    )


def _form(row: Part) -> str:
    written = "none" if row["written"] is None else row["written"]
    ends = ", ".join(yes(row[name]) for name in ("starts", "ends", "lands"))
    return f"{row['boundaries']} / {written}, {row['returns']:.0%}, {ends}, {row['holes']}"


def memorization(part: Part) -> str:
    """Nearest training windows."""
    names = {
        "takes": "takes, prompts and scores of held-out pieces",
        "trained": "takes, prompts of training pieces",
        "pieces": "held-out pieces, which nobody can have memorized",
        "material": "training pieces, among the other ones",
    }
    rows = [
        (
            name,
            part["queries"][key][0],
            number(part["queries"][key][1], 3),
            f"{part['queries'][key][2]:.4f}",
        )
        for key, name in names.items()
    ]
    closest = ("windows", "median distance", "closest")
    return (
        "## Memorization (§4.5)\n\n"
        f"Distance (1 - cosine in CLAP space) to the nearest of {part['windows']} windows of {part['pieces']} training "
        "pieces, asked of equally many windows of each kind (with fewer of them, the closest would be farther). "
        f"{part['nearer']} windows of takes are nearer than any of a held-out piece; if the model remembered nothing, "
        f"about one would be. The material repeats itself in {part['replicas']} of its windows (distance below "
        f"{REPLICA:g}).\n\n"
        + table(("", *closest), rows)
        + "\n\nThe closest takes:\n\n"
        + table(("prompt", "training piece", "distance"), [_pair(row) for row in part["rows"]])
        + "\n\nThe closest within the material:\n\n"
        + table(("training piece", "another", "distance"), [_pair(row) for row in part["repeats"]])
    )


def _pair(row: tuple[str, str, float]) -> tuple[str, str, str]:
    asked, piece, apart = row
    return f"`{asked}`", piece, f"{apart:.4f}"


def transfer(part: Part) -> str:
    """Recordings restyled."""
    rows = [
        (f"{strength:g}", number(onsets), share(moved), number(level, 1))
        for strength, onsets, moved, level in part["rows"]
    ]
    return (
        "## Audio-to-audio (§4.6)\n\n"
        "Beatbox and hand claps with known onsets, `Instruments: Drums` at their tempo. Takes play the strokes that "
        f"are heard in a recording, if any are: in {share(part['scored'])} of them. Onsets within 50 ms; timbre by "
        "MFCC on the line from the recording (0 %) to the prompt's result without it (100 %). Default strength by the "
        f"table, of {part['tried']} recordings: **{part['default']:g}**. On {part['recordings']} others it keeps "
        f"onsets with an F1 of {number(part['onsets'])}, where the detector has {number(part['ceiling_onsets'])} in "
        f"the recordings themselves, and moves the timbre by {share(part['moved'])}. The recordings have "
        f"{part['recorded_level']:.1f} LUFS, the model's own takes {part['plain_level']:.1f}; at its quietest strength "
        f"a take lies {number(part['sunk'], 1)} dB below both.\n\n"
        "![strengths](transfer.png)\n\n"
        + table(("strength", "onsets F1", "timbre moved", "level, LUFS"), rows)
    )


def hygiene(part: Part) -> str:
    """DC, clicks, clipping, stereo."""
    rows = [
        (f"all {part['takes']} takes of this report", share(part["clean"]), ""),
        (f"{part['own']} of them, not of recordings", "", share(part["stereo"])),
        (f"{part['pairs']} takes from prompts of pieces", *map(share, part["rows"]["takes"])),
        ("these pieces", *map(share, part["rows"]["pieces"])),
    ]
    text = (
        "## Hygiene\n\n"
        "Free of DC, clicks and clipping; with a correlation of left and right between 0.2 and 0.99 (it is "
        f"{part['lowest_correlation']:.2f} to {part['highest_correlation']:.2f}). Stereo of takes beside their pieces: "
        f"{points(part['stereo_behind'])}. Largest DC: {part['largest_dc']:.5f} of full scale.\n\n"
        + table(("", "clean", "stereo"), rows)
    )
    faults = [
        (f"`{name}`", fault, f"{dc:.5f}", clicks, clipped, f"{correlation:.3f}")
        for name, fault, dc, clicks, clipped, correlation in part["faults"]
    ]
    heads = ("take", "fault", "DC", "clicks", "clipped", "correlation")
    return text + (f"\n\nSome takes with a fault:\n\n{table(heads, faults)}" if faults else "")
