"""A listening test: what is asked, what is heard, and which system is behind what (§4.2).

The whole stands in `test.json`, which stays with whoever asks; listeners get `public`, where nothing names a system.
Knows nothing of files of sound.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from engine.errors import SpecError
from engine.whole_files import read_text, write_whole

FORM = 1
ANSWERS = "answers"
"""The folder of what listeners answered, in that of the test."""
SCALE = {1: "bad", 2: "poor", 3: "fair", 4: "good", 5: "excellent"}
"""The paper's opinion scores."""
YES_OR_NO = {0: "not correct", 1: "correct"}
QUESTIONS: dict[str, Mapping[int, str]] = {
    "quality": SCALE,
    "adherence": SCALE,
    "structure": SCALE,
    "musicality": SCALE,
    "stereo": YES_OR_NO,
}
"""Question -> what may be answered; stereo is correct or not, since many could not grade it (§4.2)."""
NAMED = {
    "quality": "Audio quality",
    "adherence": "Text alignment",
    "structure": "Structure",
    "musicality": "Musicality",
    "stereo": "Stereo correctness",
}
"""As in Table 4."""


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A sound of the test: its code, which is all a listener sees of it, its system, file and length in s."""

    code: str
    system: str
    file: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Item:
    """A page of the test: a prompt and its stimuli."""

    id: str
    name: str
    prompt: str
    stimuli: tuple[Stimulus, ...]


@dataclass(frozen=True, slots=True)
class ListeningTest:
    """A whole test.

    Attributes:
        id: tells its answers from those of other tests.
        title, contact: shown to listeners; whom to send answers to where no server takes them.
        language: "en", "de" or "" for the browser's; a listener may change it.
        questions: of `QUESTIONS`; adherence is asked where there is a prompt.
        items: the pages, in no order: every listener has their own.
        per_listener: how many of them each rates.
        listen: seconds of each sound that must have been heard.
        reference, anchors: the systems that are no system: the hidden reference, and what is made bad on purpose.
    """

    id: str
    title: str
    contact: str
    language: str
    questions: tuple[str, ...]
    items: tuple[Item, ...]
    per_listener: int
    listen: float
    reference: str | None
    anchors: tuple[str, ...]

    @property
    def systems(self) -> list[str]:
        """All of them, the reference first and the anchors last."""
        found = dict.fromkeys(one.system for item in self.items for one in item.stimuli)
        first = [name for name in found if name == self.reference]
        last = [name for name in found if name in self.anchors]
        return first + sorted(set(found) - {*first, *last}) + last

    def asked(self, item: Item) -> list[str]:
        """The questions of a page."""
        return [name for name in self.questions if name != "adherence" or item.prompt]

    def found(self) -> dict[str, tuple[Item, Stimulus]]:
        """Code -> its page and stimulus."""
        return {one.code: (item, one) for item in self.items for one in item.stimuli}

    def public(self) -> dict[str, Any]:
        """What a listener's page knows."""
        shown = {name: getattr(self, name) for name in ("id", "title", "contact", "language")}
        return shown | {
            "perListener": self.per_listener,
            "listen": self.listen,
            "items": [
                {
                    "id": item.id,
                    "prompt": item.prompt,
                    "questions": self.asked(item),
                    "stimuli": [
                        {"code": one.code, "file": one.file, "seconds": one.seconds}
                        for one in sorted(item.stimuli, key=lambda one: one.code)
                    ],
                }
                for item in self.items
            ],
        }

    def save(self, folder: Path) -> None:
        """Writes `test.json`.

        Raises:
            OSError: if it cannot be written.
        """
        text = json.dumps({"form": FORM, **asdict(self)}, ensure_ascii=False, indent=1)
        write_whole(folder / "test.json", text + "\n")

    @classmethod
    def load(cls, folder: Path) -> ListeningTest:
        """Reads `test.json`.

        Raises:
            SpecError: if there is none, or it is none of ours.
        """
        path = folder / "test.json"
        try:
            found: Any = json.loads(read_text(path))
        except OSError as error:
            raise SpecError(
                f"There is no listening test in {folder}; write one with "
                f"'longtake evaluate listening --systems A B --out {folder}'."
            ) from error
        except (ValueError, RecursionError) as error:
            raise SpecError(f"{path} is no JSON; write the test again.") from error
        if not isinstance(found, dict) or found.pop("form", None) != FORM:
            raise SpecError(f"{path} is no listening test of this Longtake; write it again.")
        try:
            return cls(**found | _lists(found))
        except (KeyError, TypeError, AttributeError) as error:
            raise SpecError(f"{path} is no whole listening test; write it again.") from error


def _lists(found: Mapping[str, Any]) -> dict[str, Any]:
    items = tuple(
        Item(**{**item, "stimuli": tuple(Stimulus(**one) for one in item["stimuli"])})
        for item in found["items"]
    )
    return {
        "items": items,
        "questions": tuple(found["questions"]),
        "anchors": tuple(found["anchors"]),
    }


def checked(session: Any, test: ListeningTest) -> dict[str, Any]:
    """The answers of one listener, as the page sends them.

    Raises:
        SpecError: if they are of another test, or not such as the page gives.
    """
    if not isinstance(session, dict) or session.get("test") != test.id:
        raise SpecError("These answers are not of this listening test.")
    name, ratings = session.get("session"), session.get("ratings")
    if not (isinstance(name, str) and len(name) == 32 and set(name) <= set("0123456789abcdef")):
        raise SpecError("These answers have no session of 32 hexadecimal digits.")
    if not isinstance(ratings, dict) or not ratings:
        raise SpecError("These answers rate nothing.")
    known = test.found()
    for code, given in ratings.items():
        if code not in known or not isinstance(given, dict):
            raise SpecError(f"These answers rate {str(code)[:40]!r}, which is not in the test.")
        _check_answers(given, test.asked(known[code][0]))
    return session


def _check_answers(given: Mapping[str, Any], asked: Sequence[str]) -> None:
    for question, value in given.items():
        if question not in asked or type(value) is not int or value not in QUESTIONS[question]:
            raise SpecError(
                f"These answers say {str(value)[:40]!r} to {str(question)[:40]!r}, which the test does not offer."
            )
