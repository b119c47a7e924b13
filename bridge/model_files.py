"""The models' files on this machine: downloads, imports and removals, each in a process of its own.

Knows who does it by name only (`engine.public.errands`), since that imports torch. No call waits: `ModelStored` tells
how it goes. A download may be paused, which ends its process, and goes on where it stopped, after a restart too.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

from bridge.errors import BridgeError
from bridge.events import AccountChanged, ModelStored, Publish, SettingChosen
from bridge.stored import Account, StoredModel, Storing
from engine.model_files import embedded_folder, models_folder, part_folder, size_of
from engine.registry import all_models, model_spec, require_public

ERRANDS = "engine.public.errands"
_DOING: dict[str, Storing] = {
    "size": "asking",
    "download": "downloading",
    "add": "adding",
    "remove": "removing",
}
_FLAGS = 0x08000000 if sys.platform == "win32" else 0
"""No console window beside the panel."""
_log = logging.getLogger(__name__)
Order = dict[str, Any]


@dataclass(slots=True, eq=False)
class _Errand:
    """A process at work; `ending` is set when it is ended by us."""

    process: subprocess.Popen[str]
    do: str
    ending: str = ""
    own: str = ""


class ModelFiles:
    """What of which model is here; any thread may call."""

    def __init__(
        self,
        publish: Publish,
        accepted: Iterable[str] = (),
        root: Path | None = None,
        program: str = ERRANDS,
    ) -> None:
        """Looks at the disk; nothing runs yet.

        Args:
            publish: where changes are told.
            accepted: names of the models whose licence was accepted before.
            root: the folder of models; None for the user's own.
            program: the module that runs an errand.
        """
        self.root = root or models_folder()
        self._publish = publish
        self._program = program
        self._accepted = set(accepted)
        self._lock = threading.RLock()
        self._errands: dict[str, _Errand] = {}
        self._account = Account()
        self._models = {name: self._seen(name) for name in all_models()}

    def all(self) -> list[StoredModel]:
        """All registered models and the user's own, as last seen."""
        with self._lock:
            return [self.get(name) for name in all_models()]

    def get(self, name: str) -> StoredModel:
        """One model.

        Raises:
            SpecError: if there is no such model.
        """
        with self._lock:
            name = model_spec(name).name
            if name not in self._models:
                self._models[name] = self._seen(name)
            return self._models[name]

    def missing(self, name: str) -> str:
        """Why a model cannot be used, a sentence; empty if it is here."""
        if self.get(name).state == "installed":
            return ""
        return f"The model {name} is not installed; install it first."

    def account(self) -> Account:
        """Whether a token is stored, as last heard."""
        with self._lock:
            return self._account

    def accept(self, name: str) -> None:
        """Remembers that the licence of a model was read and accepted."""
        with self._lock:
            self._accepted.add(model_spec(name).name)
            self._show(replace(self.get(name), accepted=True))
            names = tuple(sorted(self._accepted))
        self._publish(SettingChosen("engine", "licences", names))

    def ask_size(self, name: str) -> None:
        """Asks the hub how large a model is."""
        self._begin(name, {"do": "size"})

    def download(self, name: str) -> None:
        """Downloads a model, or goes on with it.

        Raises:
            SpecError: if there is no such model, or it is none to be downloaded.
            BridgeError: `bad_args` if its licence was not accepted, `busy` if something is being done with it.
        """
        self._licensed(name)
        self._begin(name, {"do": "download"})

    def add(self, name: str, source: Path, own: str = "") -> None:
        """Takes a model over from a folder or a file; raises as `download`.

        Args:
            name: which model it is, or was made from.
            source: the folder, or the file of weights.
            own: the user's own name for a fine-tune; empty for the model itself.
        """
        self._licensed(name)
        self._begin(name, {"do": "add", "source": str(source), "own": own})

    def remove(self, name: str) -> None:
        """Deletes a model's files, and what is left of a download."""
        self._begin(name, {"do": "remove"})

    def pause(self, name: str) -> None:
        """Ends a download so that it can go on; nothing happens if none runs."""
        self._end(name, "pause")

    def cancel(self, name: str) -> None:
        """Ends a download and deletes what has come of it."""
        with self._lock:
            if not self._end(name, "cancel") and not self.get(name).busy:
                self._forget_part(name)

    def login(self, token: str) -> None:
        """Puts the hub's token into the system's keyring; it is kept nowhere else."""
        self._run("", {"do": "login", "token": token})

    def ask_account(self) -> None:
        """Asks whether there is a token; `AccountChanged` answers."""
        with contextlib.suppress(BridgeError):  # It is being asked for.
            self._run("", {"do": "account"})

    def close(self) -> None:
        """Ends what runs; downloads go on next time."""
        with self._lock:
            running = list(self._errands.values())
        for errand in running:
            errand.ending = errand.ending or "close"
            errand.process.kill()
        for errand in running:
            errand.process.wait()

    # --- errands ---

    def _licensed(self, name: str) -> None:
        require_public(model_spec(name))
        if not self.get(name).accepted:
            words = "must be accepted first, on the page Models or with 'longtake models download'"
            raise BridgeError("bad_args", f"The licence of {name} {words}.")

    def _begin(self, name: str, order: Order) -> None:
        with self._lock:
            model = self.get(name)
            self._run(name, order | {"model": model.name, "accepted": model.accepted})
            # Asking is no work on the files: what is there stays to be seen.
            self._show(replace(model, state=_DOING[order["do"]], problem=""))

    def _run(self, name: str, order: Order) -> None:
        """Starts an errand; one at a time for each model, and one for the account (whose name is empty)."""
        with self._lock:
            known = self._errands.get(name)
            if known is not None and known.do == "size":
                # A question does not hold up what is to be done.
                known.process.kill()
            elif known is not None:
                what = name or "The account"
                raise BridgeError("busy", f"{what} is being worked on; wait for its end, or pause.")
            environment = os.environ | {
                "PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)
            }
            try:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", self._program, str(self.root)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    encoding="utf-8",
                    env=environment,
                    creationflags=_FLAGS,
                )
            except OSError as error:
                raise BridgeError(
                    "io", f"No process could be started for it: {error.strerror}."
                ) from error
            errand = self._errands[name] = _Errand(process, order["do"], own=order.get("own", ""))
            if not name:
                self._show_account(replace(self._account, busy=True, problem=""))
        with contextlib.suppress(OSError):
            order_line = cast(IO[str], process.stdin)
            order_line.write(json.dumps(order) + "\n")
            order_line.flush()
        heard: Callable[[str, _Errand], None] = self._hear if name else self._hear_account
        threading.Thread(target=heard, args=(name, errand), name="errand", daemon=True).start()

    def _end(self, name: str, how: str) -> bool:
        with self._lock:
            errand = self._errands.get(model_spec(name).name)
            if errand is None or errand.do not in ("download", "size"):
                return False
            errand.ending = how
            errand.process.kill()
            return True

    def _hear(self, name: str, errand: _Errand) -> None:
        """Follows an errand to its end, on a thread of its own."""
        last: dict[str, Any] = {}
        for line in cast(IO[str], errand.process.stdout):
            last = _message(line)
            if last.get("say") == "progress" and not errand.ending:
                with self._lock:
                    model = replace(self._models[name], done=last["done"], total=last["total"])
                    whole = model.total and model.done >= model.total
                    self._show(replace(model, state="checking" if whole else "downloading"))
        code = errand.process.wait()
        with self._lock:
            if self._errands.get(name) is not errand:
                return
            del self._errands[name]
            if errand.ending == "cancel":
                self._forget_part(name)
            seen = replace(self._seen(name), total=last.get("total") or self._models[name].total)
            problem = "" if errand.ending else _problem(last, code)
            self._show(replace(seen, problem=problem))
            if errand.own and not problem:
                self._show(self._seen(errand.own))

    def _hear_account(self, name: str, errand: _Errand) -> None:
        last: dict[str, Any] = {}
        for line in cast(IO[str], errand.process.stdout):
            last = _message(line)
        code = errand.process.wait()
        with self._lock:
            self._errands.pop(name, None)
            stored = last.get("stored", self._account.stored)
            problem = "" if errand.ending else _problem(last, code)
            self._show_account(Account(stored, problem=problem))

    # --- what is there ---

    def _seen(self, name: str) -> StoredModel:
        """What the disk says."""
        accepted = name in self._accepted
        for folder in (embedded_folder() / name, self.root / name):
            if any(folder.glob("*.safetensors")):
                return StoredModel(name, "installed", size_of(folder), accepted=accepted)
        here = size_of(part_folder(self.root, name))
        return StoredModel(name, "paused" if here else "absent", here, accepted=accepted)

    def _forget_part(self, name: str) -> None:
        shutil.rmtree(part_folder(self.root, name), ignore_errors=True)
        self._show(replace(self._seen(name), total=self._models[name].total))

    def _show(self, model: StoredModel) -> None:
        self._models[model.name] = model
        self._publish(ModelStored(model))

    def _show_account(self, account: Account) -> None:
        self._account = account
        self._publish(AccountChanged(account))


def _message(line: str) -> dict[str, Any]:
    try:
        return cast(dict[str, Any], json.loads(line))
    except ValueError:
        _log.warning("An errand said %r", line)
        return {}


def _problem(last: dict[str, Any], code: int) -> str:
    """Why an errand failed, or empty."""
    if last.get("say") == "done":
        return ""
    return last.get("text") or f"The process for it ended with code {code}; try again."
