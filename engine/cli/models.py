"""`longtake models list | info | download | add | remove | verify | login`: the models on this machine.

Shows a model's licence and asks for its acceptance before anything is downloaded. Knows nothing of networks.
"""

from __future__ import annotations

import argparse
import getpass
import shutil
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from engine.cli import showing
from engine.errors import CheckpointError, SpecError
from engine.model_files import find_weights
from engine.parsing import Parser
from engine.registry import ModelSpec, model_spec, public_models, require_public

if TYPE_CHECKING:  # They import torch, and a list or a mistyped word should not wait for it.
    from engine.public.hub import Hub
    from engine.public.installed import Store


JUDGES, FETCHING = "judges", "engine.evaluation.published.fetch_command"
"""What `download` takes besides a model's name, the networks of `longtake evaluate`; and who gets them."""


def main(argv: Sequence[str], store: Store | None = None, hub: Hub | None = None) -> int:
    """Runs one `models` command.

    Args:
        argv: the arguments after `models`; the default is `list`.
        store: where models are; None for the user's own folder.
        hub: where to download from.

    Returns:
        0.

    Raises:
        LongtakeError: with a sentence for the user.
    """
    arguments = _parser().parse_args(argv or ["list"])
    command = arguments.command
    if command == "list":
        print(showing.models())
        return 0
    if command == "download" and arguments.name == JUDGES:
        return import_module(FETCHING).main([JUDGES])
    if getattr(arguments, "name", None):
        model_spec(arguments.name)

    from engine.public.hub import Hub, store_token
    from engine.public.installed import Store

    store, hub = store or Store(), hub or Hub()
    if command == "info":
        print(_info(model_spec(arguments.name), store))
    elif command == "login":
        store_token(getpass.getpass("Token of your account on huggingface.co (input is hidden): "))
        print("The token is stored in the system's keyring.")
    elif command == "download":
        _download(arguments.name, arguments.accept_licence, store, hub)
    elif command == "add":
        _add(arguments, store)
    elif command == "remove":
        size = store.remove(require_public(model_spec(arguments.name)))
        print(f"Removed {arguments.name} ({size / 1e9:.2f} GB).")
    else:
        files = store.verify(require_public(model_spec(arguments.name)))
        print(f"{arguments.name} is complete: {files} files match their checksums.")
    return 0


def _add(arguments: argparse.Namespace, store: Store) -> None:
    from engine.public.importing import Found, recognised
    from engine.public.installed import own_name

    if arguments.own:
        own_name(arguments.own)
    if arguments.name:
        spec = require_public(model_spec(arguments.name))
    else:
        spec = recognised(Found.at(arguments.source), public_models())
    _accepted(spec, arguments.accept_licence)
    folder = store.add(arguments.source, spec, arguments.own or "")
    print(f"{arguments.own or spec.name} is now in {folder}.")


def _info(spec: ModelSpec, store: Store) -> str:
    """What a model is, and whether it is here, in lines."""
    facts = {"title": spec.title, "licence": spec.licence, "up to": f"{spec.max_seconds:.0f} s"}
    if spec.weights != "public":
        try:
            facts["weights"] = str(find_weights(spec))
        except CheckpointError as error:
            facts["weights"] = str(error)
    elif store.has(spec):
        origin, folder = store.origin(spec), store.folder(spec)
        size = sum((folder / name).stat().st_size for name in origin["files"])
        facts |= {"folder": str(folder), "size": f"{size / 1e9:.2f} GB"}
        facts |= {
            name: str(origin[name]) for name in ("model", "source", "accepted") if name in origin
        }
    else:
        facts["weights"] = f"not installed: 'longtake models download {spec.name}'"
    return "\n".join([spec.name, *(f"  {name:<9} {fact}" for name, fact in facts.items())])


def _download(name: str, accepted: bool, store: Store, hub: Hub) -> None:
    spec = model_spec(name)
    if spec.weights == "embedded":
        print(f"{name} comes with Longtake: there is nothing to download.")
        return

    require_public(spec)
    if store.has(spec):
        print(f"{spec.name} is already in {store.folder(spec)}.")
        return
    accepted = _accepted(spec, accepted)
    free = shutil.disk_usage(Path.home()).free
    print(f"Downloading {spec.name} from {spec.repository} ({free / 1e9:.0f} GB free) ...")
    print(f"{spec.name} is now in {hub.download(spec, store, accepted)}.")


def _accepted(spec: ModelSpec, beforehand: bool) -> bool:
    """Shows the licence and asks for acceptance, unless it was given on the command line.

    Raises:
        SpecError: if it is not accepted, or there is no terminal to ask on.
    """
    print(f"{spec.name}\n  {spec.licence}.\n  Full text: https://huggingface.co/{spec.repository}")
    if beforehand:
        return True
    if not sys.stdin.isatty():
        raise SpecError("The licence must be accepted: add --accept-licence once you have read it.")
    if input("Do you accept this licence? [y/N] ").strip().lower() not in ("y", "yes"):
        raise SpecError("Nothing was downloaded: the licence was not accepted.")
    return True


def _parser() -> Parser:
    parser = Parser(
        prog="longtake models",
        description="Lists the models, and manages the public ones on this machine. "
        "Example: longtake models download stable-audio-3-small-music",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("list", help="show all models, their licences, and which are installed")
    download = commands.add_parser(
        "download", help="download a model, or the judges of 'longtake evaluate'"
    )
    add = commands.add_parser(
        "add", help="import a model, or one made from it, from a folder or a file"
    )
    add.add_argument(
        "source",
        type=Path,
        metavar="FOLDER",
        help="contains the weights and the files that came with them; or the file of weights alone",
    )
    add.add_argument(
        "--as", dest="name", metavar="MODEL", help="which model it is or was made from"
    )
    add.add_argument(
        "--name", dest="own", metavar="NAME", help="a name of your own, for a fine-tune"
    )
    for command in (download, add):
        command.add_argument(
            "--accept-licence", action="store_true", help="you have read and accept the licence"
        )
    for command in (
        download,
        commands.add_parser("info", help="show what a model is and where it lies"),
        commands.add_parser("remove", help="delete a model"),
        commands.add_parser("verify", help="check a model's files"),
    ):
        command.add_argument(
            "name", metavar="NAME", help="name of the model in 'longtake models list'"
        )
    commands.add_parser("login", help="store your account's token in the system's keyring")
    return parser
