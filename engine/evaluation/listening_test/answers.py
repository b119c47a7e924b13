"""Reads what listeners answered: the files of our page, and webMUSHRA's, as its CSV (lms.csv) or as JSON sessions.

Knows nothing of what the answers say.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import SpecError
from engine.evaluation.listening_test.design import (
    QUESTIONS,
    Item,
    ListeningTest,
    Stimulus,
    checked,
)
from engine.evaluation.listening_test.webmushra import LISTENER, page_id
from engine.whole_files import read_text

LMS = ("trial_id", "stimuli_rating", "stimuli", "rating_time")
"""Columns of webMUSHRA's lms.csv; before them stand the test and what the last page asked."""
UNRATED = "NA"


@dataclass(frozen=True, slots=True)
class Rating:
    """One answer: who, on which item, of which system, to which question, 1 to 5 or 0 and 1."""

    listener: str
    item: str
    system: str
    question: str
    value: int


def read_ratings(test: ListeningTest, paths: Iterable[Path]) -> list[Rating]:
    """All answers in files, and in the folders among them.

    Who sent answers twice counts once, with those of the file that is finished last.

    Raises:
        SpecError: naming the file that holds no answers of this test, or if there are none at all.
    """
    sessions: dict[str, tuple[str, list[Rating]]] = {}
    for path in _files(paths):
        for listener, finished, ratings in _read(path, test):
            if listener not in sessions or sessions[listener][0] <= finished:
                sessions[listener] = (finished, ratings)
    found = [rating for name in sorted(sessions) for rating in sessions[name][1]]
    if not found:
        raise SpecError("There are no answers yet; name files or folders of them with --answers.")
    return found


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            inside = (*path.rglob("*.json"), *path.rglob("*.csv"))
            yield from sorted(one for one in inside if not one.name.startswith("."))
        else:
            yield path


def _read(path: Path, test: ListeningTest) -> Iterator[tuple[str, str, list[Rating]]]:
    """Per session: who it is, when it was finished ("" if unknown), and the answers."""
    try:
        text = read_text(path)
        if path.suffix.lower() == ".csv":
            yield from _csv(text, test)
            return
        found = json.loads(text)
        yield _webmushra(found, test) if _is_webmushra(found) else _own(found, test)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error
    except (OSError, ValueError, RecursionError, csv.Error) as error:
        raise SpecError(
            f"{path} cannot be read as answers; give the page's JSON, or webMUSHRA's lms.csv or JSON."
        ) from error


def _own(found: Any, test: ListeningTest) -> tuple[str, str, list[Rating]]:
    session = checked(found, test)
    known = test.found()
    ratings = [
        _rating(session["session"], known[code], question, value)
        for code, given in session["ratings"].items()
        for question, value in given.items()
    ]
    return session["session"], str(session.get("finished") or ""), ratings


def _is_webmushra(found: Any) -> bool:
    return isinstance(found, dict) and "trials" in found and "testId" in found


def _webmushra(found: Mapping[str, Any], test: ListeningTest) -> tuple[str, str, list[Rating]]:
    """A session as its page sends it."""
    try:
        _check_test(str(found["testId"]), test)
        person = found["participant"]
        said = dict(zip(person["name"], person["response"], strict=True))
        listener = _listener(said.get(LISTENER) or found["uuid"])
        rows = [
            (trial["id"], one["stimulus"], one["stimulusRating"])
            for trial in found["trials"]
            if trial["type"] == "likert_multi_stimulus"
            for one in trial["responses"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise SpecError("This is no whole session of webMUSHRA.") from error
    return listener, "", _ratings(listener, rows, test)


def _csv(text: str, test: ListeningTest) -> Iterator[tuple[str, str, list[Rating]]]:
    """Answers of several; who they are is what the last page asked, since the file says nothing else."""
    rows = list(csv.DictReader(io.StringIO(text, newline=None)))
    if not rows or not {"session_test_id", *LMS} <= set(rows[0]):
        raise SpecError(f"This is no lms.csv of webMUSHRA, which has the columns {', '.join(LMS)}.")
    people: dict[str, list[tuple[str, str, str]]] = {}
    asked = [name for name in rows[0] if name and name not in ("session_test_id", *LMS)]
    for row in rows:
        _check_test(str(row["session_test_id"]), test)
        listener = _listener(row.get(LISTENER) or "|".join(str(row[name]) for name in asked))
        entry = (str(row["trial_id"]), str(row["stimuli"]), str(row["stimuli_rating"]))
        people.setdefault(listener, []).append(entry)
    for listener, entries in people.items():
        yield listener, "", _ratings(listener, entries, test)


def _ratings(listener: str, rows: Iterable[Sequence[Any]], test: ListeningTest) -> list[Rating]:
    known = test.found()
    found: dict[tuple[str, str], Rating] = {}
    for page, code, given in rows:
        # webMUSHRA's CSV has a space on either side of a rating.
        value = str(given).strip()
        if value == UNRATED:
            continue
        place = known.get(str(code))
        question = next(
            (one for one in QUESTIONS if place and page_id(place[0].id, one) == page), None
        )
        if place is None or question is None:
            raise SpecError(f"The page {page!r} with {code!r} is not in this test.")
        if not value.isdecimal() or int(value) not in QUESTIONS[question]:
            raise SpecError(f"{value!r} on the page {page!r} is no answer of this test.")
        # Once each, also where an answer was sent again.
        found[page, str(code)] = _rating(listener, place, question, int(value))
    return list(found.values())


def _rating(listener: str, place: tuple[Item, Stimulus], question: str, value: int) -> Rating:
    return Rating(listener, place[0].id, place[1].system, question, value)


def _check_test(name: str, test: ListeningTest) -> None:
    if name != test.id:
        raise SpecError(f"These answers are of the test {name!r}, not of {test.id!r}.")


def _listener(said: object) -> str:
    """Without what somebody may have written of themselves, so that no report shows it."""
    return hashlib.sha256(str(said).strip().casefold().encode()).hexdigest()[:32]
