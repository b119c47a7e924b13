"""Text prompts from metadata (§3.1): random subsets of the facts, phrased in many ways.

Where a piece has captions, half of its prompts are one of them, as it was written (§3.1). Half of the lists have
metadata types ("Genre: House | BPM: 124"), half do not ("House, 124 BPM"); order, delimiter and
case are random. About a third of all prompts is free text with words from `vocabulary.toml`. Every prompt only says
what is true of its piece. Knows nothing of audio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from engine.composing.vocabulary import vocabulary

CAPTION_SHARE = 0.5
"""Share of captions where there are facts too; without any, all prompts are captions."""
FREE_TEXT_SHARE = 0.3
"""Share of free text among the other prompts."""
BARE_SHARE = 0.3
"""Share of the lists for solo instruments that name only the instrument, and perhaps the tempo."""
_FACTS = ("genres", "instruments", "moods", "tempo", "key", "energy")
_DELIMITERS = (" | ", "|", ", ", ",")
_CASES: tuple[Callable[[str], str], ...] = (str, str, str.lower, str.lower, str.upper)


def prompt(metadata: Mapping[str, Any], rng: np.random.Generator) -> str:
    """Writes one prompt for a piece.

    Args:
        metadata: as from `Arrangement.metadata` or facts.py; any fact may be absent.
        rng: makes all random choices.

    Returns:
        The prompt; empty only if the metadata is.
    """
    captions = metadata.get("captions", ())
    if captions and (not any(map(metadata.get, _FACTS)) or rng.random() < CAPTION_SHARE):
        return str(_one_of(captions, rng))
    if rng.random() < FREE_TEXT_SHARE:
        text = _sentence(metadata, rng)
    elif rng.random() < 0.5:
        text = _typed(facts(metadata, rng), rng)
    else:
        text = _untyped(facts(metadata, rng), rng)
    return _CASES[int(rng.integers(len(_CASES)))](text)


def facts(metadata: Mapping[str, Any], rng: np.random.Generator) -> dict[str, list[str]]:
    """A random subset of the facts by type, with at least one if there are any; lists are shortened and shuffled."""
    every = _all_facts(metadata, rng)
    if not every:
        return {}
    chances = {
        "Genre": 0.75,
        "Instruments": 0.65,
        "Moods": 0.5,
        "BPM": 0.6,
        "Key": 0.25,
        "Energy": 0.2,
        "Type": 0.6,
    }
    if _alone(metadata):
        chances |= {"Instruments": 0.95, "Genre": 0.5}
        if rng.random() < BARE_SHARE:
            chances = dict.fromkeys(every, 0.0) | {"Instruments": 1.0, "BPM": 0.5}
    chosen = [name for name in every if rng.random() < chances.get(name, 0.3)]
    if not chosen:
        chosen = [_one_of(tuple(every), rng)]
    order = [chosen[i] for i in rng.permutation(len(chosen))]
    return {name: _some(every[name], rng) for name in order}


def _alone(metadata: Mapping[str, Any]) -> bool:
    """Whether the piece is a stem, a one-shot or a loop of one instrument, rather than a band."""
    kind = metadata.get("kind")
    return kind in ("stem", "one-shot") or (
        kind == "loop" and len(metadata.get("instruments", ())) == 1
    )


def _all_facts(metadata: Mapping[str, Any], rng: np.random.Generator) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {
        "Genre": [str(v) for v in metadata.get("genres", ())],
        "Instruments": [_called(str(v), rng) for v in metadata.get("instruments", ())],
        "Moods": [str(v) for v in metadata.get("moods", ())],
    }
    if tempo := metadata.get("tempo"):
        found["BPM"] = [f"{float(tempo):g}"]
    if key := metadata.get("key"):
        found["Key"] = [str(key)]
    if metadata.get("metre", "4/4") != "4/4":
        found["Time signature"] = [str(metadata["metre"])]
    if energy := metadata.get("energy"):
        found["Energy"] = [str(energy).capitalize()]
    if kind := vocabulary()["kinds"].get(str(metadata.get("kind"))):
        found["Type"] = [kind[0].capitalize()]
    return {name: values for name, values in found.items() if values}


def _called(instrument: str, rng: np.random.Generator) -> str:
    """The instrument's name, or sometimes a synonym."""
    others = vocabulary()["instruments"].get(instrument, [])
    if others and rng.random() < 0.4:
        return _one_of(others, rng).title()
    return instrument


def _some(values: Sequence[str], rng: np.random.Generator) -> list[str]:
    count = len(values) if rng.random() < 0.5 else int(rng.integers(1, len(values) + 1))
    return list(dict.fromkeys(values[int(i)] for i in rng.permutation(len(values))[:count]))


def _one_of(values: Sequence[str], rng: np.random.Generator) -> str:
    return values[int(rng.integers(len(values)))]


def _typed(chosen: Mapping[str, list[str]], rng: np.random.Generator) -> str:
    delimiter = _one_of(_DELIMITERS, rng)
    colon, comma = _one_of((": ", ": ", ":"), rng), _one_of((", ", ", ", ","), rng)
    return delimiter.join(f"{name}{colon}{comma.join(values)}" for name, values in chosen.items())


def _untyped(chosen: Mapping[str, list[str]], rng: np.random.Generator) -> str:
    words: list[str] = []
    for name, values in chosen.items():
        words += [_plain(name, value, rng) for value in values]
    if rng.random() < 0.3:
        words = [words[i] for i in rng.permutation(len(words))]
    return _one_of((", ", ", ", ","), rng).join(words)


def _plain(name: str, value: str, rng: np.random.Generator) -> str:
    """A fact without its type, with a word of explanation where needed."""
    if name == "BPM":
        return f"{value} {_one_of(('BPM', 'bpm', 'BPM'), rng)}"
    if name == "Energy":
        return f"{value} energy"
    if name == "Key":
        return _one_of((value, f"in {value}"), rng)
    return value


def _sentence(metadata: Mapping[str, Any], rng: np.random.Generator) -> str:
    """A request as a user would type it: "a warm lo-fi beat at 85 bpm with rhodes, for studying"."""
    words = vocabulary()
    noun = _noun(metadata, rng)
    adjectives = _adjectives(metadata, rng)
    text = " ".join([*adjectives, noun])
    if rng.random() < 0.35:
        text = f"{'an' if text[0].lower() in 'aeiou' else 'a'} {text}"
    pieces: list[str] = []
    solo = _alone(metadata)
    instruments = [_called(str(v), rng).lower() for v in metadata.get("instruments", ())]
    if instruments and (solo or rng.random() < 0.5):
        some = _some(instruments, rng)[:3]
        joined = some[0] if len(some) == 1 else f"{', '.join(some[:-1])} and {some[-1]}"
        pieces.append(f"{_one_of(('with', 'featuring', 'with', 'played on'), rng)} {joined}")
    if (tempo := metadata.get("tempo")) and rng.random() < 0.4:
        pieces.append(
            _one_of((f"at {tempo:g} bpm", f"{tempo:g} BPM", f"around {tempo:g} bpm"), rng)
        )
    if (key := metadata.get("key")) and rng.random() < 0.12:
        pieces.append(f"in {key}")
    if (metre := metadata.get("metre", "4/4")) != "4/4" and rng.random() < 0.4:
        pieces.append(f"in {metre}")
    uses = words["uses"].get(str(metadata.get("style")), [])
    if uses and not solo and rng.random() < 0.35:
        pieces.append(_one_of(uses, rng))
    pieces = [pieces[i] for i in rng.permutation(len(pieces))]
    return " ".join([text, *pieces]) if rng.random() < 0.7 else ", ".join([text, *pieces])


def _noun(metadata: Mapping[str, Any], rng: np.random.Generator) -> str:
    """What to call the piece; a stem is named after its instrument."""
    instruments = [str(v) for v in metadata.get("instruments", ())]
    genres = [str(v) for v in metadata.get("genres", ())]
    kind = str(metadata.get("kind"))
    if _alone(metadata) and instruments:
        thing = _called(_one_of(instruments, rng), rng).lower()
        endings = {
            "stem": ("", " alone", " stem", " part", " solo"),
            "one-shot": (" one-shot", " hit", " sample"),
            "loop": (" loop", " loop", " groove"),
        }
        alone = endings[kind] if len(instruments) == 1 else (" part", " stem")
        name = f"{thing}{_one_of(alone, rng)}"
        return f"{_one_of(genres, rng)} {name}" if genres and rng.random() < 0.5 else name
    nouns = vocabulary()["nouns"].get(str(metadata.get("style")))
    if nouns:
        noun = _one_of(nouns, rng)
    else:
        noun = (
            f"{_one_of(genres, rng)} {_one_of(('track', 'tune', 'music'), rng)}"
            if genres
            else "music"
        )
    return f"{noun} loop" if kind == "loop" and "loop" not in noun and rng.random() < 0.6 else noun


def _adjectives(metadata: Mapping[str, Any], rng: np.random.Generator) -> list[str]:
    words = vocabulary()
    found: list[str] = []
    moods = [str(v) for v in metadata.get("moods", ())]
    if moods and rng.random() < 0.7:
        mood = _one_of(moods, rng)
        found.append(_one_of(words["moods"].get(mood, [mood.lower()]), rng))
    tempo = metadata.get("tempo")
    if tempo and metadata.get("kind") != "one-shot" and rng.random() < 0.35:
        bound = next(bound for bound in words["paces"] if float(tempo) < float(bound))
        found.append(_one_of(words["paces"][bound], rng))
    energy = metadata.get("energy")
    if energy and metadata.get("kind") != "one-shot" and rng.random() < 0.15:
        said = str(energy).lower()
        found.append(_one_of(words["energies"].get(said, [f"{said} energy"]), rng))
    return list(dict.fromkeys(found))
