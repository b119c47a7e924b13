"""A listening test in webMUSHRA's configuration format (Schoeffler et al. 2018), as the paper's was made with (§4.2).

A page of type `likert_multi_stimulus` per prompt and question. Stimuli are named by their codes, so that neither the
configuration nor the results say which system is which. Knows nothing of files.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator, Mapping
from typing import Any

from engine.evaluation.listening_test.design import NAMED, QUESTIONS, Item, ListeningTest

ASKED = {
    "quality": "How good is the sound itself: free of noise, distortion and artefacts?",
    "adherence": "How well does it match the description?",
    "structure": "How well is it arranged: does it develop, return, begin and end as music does?",
    "musicality": "How musical is it: melody, harmony and rhythm?",
    "stereo": "Is the stereo image as it should be?",
}
"""Question -> what is asked on a page."""
BUFFER = 2048
LISTENER = "listener"
"""The name of the field that tells listeners apart: webMUSHRA's CSV has nothing else that does."""


def config(test: ListeningTest) -> str:
    """The text of the YAML file; audio lies in `configs/resources/TEST/audio` below webMUSHRA's root."""
    pages = [_page(test, item, question) for item in test.items for question in test.asked(item)]
    found = {
        "testname": test.title,
        "testId": test.id,
        "bufferSize": BUFFER,
        "stopOnErrors": True,
        "showButtonPreviousPage": True,
        "remoteService": "service/write.php",
        "pages": [_welcome(test), ["random", *pages], _finish()],
    }
    return "\n".join(_yaml(found)) + "\n"


def page_id(item: str, question: str) -> str:
    """What a page is called in the results."""
    return f"{item}-{question}"


def _yaml(value: Any) -> Iterator[str]:
    """Lines of YAML in blocks: the reader that webMUSHRA brings knows no JSON over several lines."""
    if isinstance(value, Mapping):
        pairs = [(f"{name}:", one) for name, one in value.items()]
    else:
        pairs = [("-", one) for one in value]
    for head, one in pairs:
        if isinstance(one, Mapping | list):
            yield head
            yield from (f"  {line}" for line in _yaml(one))
        else:
            yield f"{head} {json.dumps(one, ensure_ascii=False)}"


def _page(test: ListeningTest, item: Item, question: str) -> Mapping[str, Any]:
    said = f"<b>{html.escape(item.prompt)}</b><br/>" if item.prompt else ""
    return {
        "type": "likert_multi_stimulus",
        "id": page_id(item.id, question),
        "name": NAMED[question],
        "content": f"{said}{ASKED[question]}",
        "mustRate": True,
        "mustPlayback": "processUpdate",
        "stimuli": {
            one.code: f"configs/resources/{test.id}/{one.file}"
            for one in sorted(item.stimuli, key=lambda one: one.code)
        },
        "response": [
            # Text: webMUSHRA asks whether a value is there, and 0 would be none.
            {"value": str(value), "label": label}
            for value, label in QUESTIONS[question].items()
        ],
    }


def _welcome(test: ListeningTest) -> Mapping[str, Any]:
    return {
        "type": "generic",
        "id": "welcome",
        "name": test.title,
        "content": (
            "Use headphones or studio monitors. Each page plays several versions and asks one question; play all of "
            "them before you answer."
        ),
    }


def _finish() -> Mapping[str, Any]:
    return {
        "type": "finish",
        "name": "Thank you",
        "content": "Please give a name or a number of your own, and send your answers.",
        "popupContent": "Your answers were sent. Thank you!",
        "showResults": False,
        "writeResults": True,
        "questionnaire": [
            {"type": "text", "label": "Name or number", "name": LISTENER, "optional": False}
        ],
    }
