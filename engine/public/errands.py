"""One errand for the models on this machine, in a process of its own: the bridge's hand, which imports no torch.

`python -m engine.public.errands FOLDER` reads one line of JSON, what to do, and answers with lines of JSON: `progress`
in bytes while a download runs, then `done` or `error` with a sentence. It ends when standard input is closed, so that
none outlives who sent it, and it may be killed at any time: a download goes on where it stopped. The token for the hub
comes through the pipe and goes to the keyring; it is never said again.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from engine.errors import LongtakeError, SpecError
from engine.model_files import size_of
from engine.public.hub import Hub, store_token, stored_token
from engine.public.installed import Store, own_name
from engine.registry import model_spec

CHUNK = 2**20
"""Bytes that come before they are written: the hub's own 10 MB would be a minute of a slow line, lost with a pause."""
LOOK_EVERY = 0.25
"""Seconds between two looks at how much has come."""
Say = Callable[..., None]
Order = dict[str, Any]


def size(order: Order, store: Store, say: Say) -> dict[str, Any]:
    """How much a model's download is, in bytes."""
    return {"total": Hub().size(model_spec(order["model"]))}


def download(order: Order, store: Store, say: Say) -> dict[str, Any]:
    """Downloads a model whose licence was accepted, and says how it goes."""
    from huggingface_hub import constants

    constants.DOWNLOAD_CHUNK_SIZE = CHUNK
    spec = model_spec(order["model"])
    total = Hub().size(spec)
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY):
            say("progress", done=size_of(store.part(spec)), total=total)

    threading.Thread(target=look, daemon=True).start()
    try:
        Hub().download(spec, store, accepted=bool(order.get("accepted")))
    finally:
        ended.set()
    return {}


def add(order: Order, store: Store, say: Say) -> dict[str, Any]:
    """Takes a model over from a folder or a file, perhaps under the user's own name."""
    if not order.get("accepted"):
        spec = model_spec(order["model"])
        raise SpecError(f"The licence of {spec.name} must be accepted first: {spec.licence}.")
    own = str(order.get("own", ""))
    if own:
        own_name(own)
    store.add(Path(order["source"]), model_spec(order["model"]), own)
    return {}


def remove(order: Order, store: Store, say: Say) -> dict[str, Any]:
    """Deletes a model, and what was left of its download."""
    return {"freed": store.remove(model_spec(order["model"]))}


def login(order: Order, store: Store, say: Say) -> dict[str, Any]:
    """Puts the account's token into the system's keyring."""
    token = str(order["token"]).strip()
    if not token or not token.isascii() or any(sign.isspace() for sign in token):
        raise SpecError("A token is one word of letters and digits, as hf_AbCd1234.")
    store_token(token)
    return {"stored": True}


def account(order: Order, store: Store, say: Say) -> dict[str, Any]:
    """Whether there is a token."""
    return {"stored": stored_token() is not None}


ERRANDS: dict[str, Callable[[Order, Store, Say], dict[str, Any]]] = {
    errand.__name__: errand for errand in (size, download, add, remove, login, account)
}


def run(order: Order, store: Store, say: Say) -> None:
    """Runs an errand and says how it ended; never raises."""
    try:
        said = ERRANDS[str(order["do"])](order, store, say)
    except LongtakeError as error:
        say("error", text=str(error))
    except OSError as error:
        say("error", text=f"{error.filename or store.root} cannot be used: {error.strerror}.")
    except Exception as error:
        say("error", text=f"This did not work: {type(error).__name__}: {error}")
    else:
        say("done", **said)


def main(argv: list[str], store: Store | None = None) -> int:
    """Runs the errand that comes with the first line of standard input."""
    answers = _own_output()
    lock = threading.Lock()

    def say(what: str, **facts: Any) -> None:
        with lock:
            answers.write(json.dumps({"say": what, **facts}) + "\n")
            answers.flush()

    order: Order = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_sender, daemon=True).start()
    run(order, store or Store(Path(argv[0])), say)
    # The thread that waits for the sender holds standard input; Python would wait for it.
    os._exit(0)


def _own_output() -> IO[str]:
    """Standard output for answers alone: what a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _end_with_sender() -> None:
    while sys.stdin.readline():
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
