"""`longtake models list | download | add | remove | verify | login`: the public models on this machine.

Shows a model's licence and asks for its acceptance before anything is downloaded. Knows nothing of networks.
"""

from __future__ import annotations

import getpass
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from engine.cli import showing
from engine.cli.parsing import Parser
from engine.errors import SpecError, choices
from engine.public.hub import Hub, store_token
from engine.public.installed import Store, recognised
from engine.registry import MODELS, ModelSpec, model_spec


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
    store, hub = store or Store(), hub or Hub()
    command = arguments.command
    if command == "list":
        print(showing.models())
    elif command == "login":
        store_token(getpass.getpass("Token of your account on huggingface.co (input is hidden): "))
        print("The token is stored in the system's keyring.")
    elif command == "download":
        _download(arguments.name, arguments.accept_licence, store, hub)
    elif command == "add":
        spec = _public(arguments.name) if arguments.name else recognised(arguments.folder)
        _accepted(spec, arguments.accept_licence)
        print(f"{spec.name} is now in {store.add(arguments.folder, spec)}.")
    elif command == "remove":
        size = store.remove(_public(arguments.name))
        print(f"Removed {arguments.name} ({size / 1e9:.2f} GB).")
    else:
        files = store.verify(_public(arguments.name))
        print(f"{arguments.name} is complete: {files} files match their checksums.")
    return 0


def _public(name: str) -> ModelSpec:
    """A model that can be downloaded.

    Raises:
        SpecError: if there is no such model, or it comes with Longtake, or from nobody.
    """
    spec = model_spec(name)
    if spec.weights == "public":
        return spec
    about = (
        "comes with Longtake: it is neither downloaded, added nor removed"
        if spec.weights == "embedded"
        else f"has no public weights: {spec.title[0].lower()}{spec.title[1:]}"
    )
    public = choices(each.name for each in MODELS.values() if each.weights == "public")
    raise SpecError(f"{name} {about}. Public models are {public}.")


def _download(name: str, accepted: bool, store: Store, hub: Hub) -> None:
    if model_spec(name).weights == "embedded":
        print(f"{name} comes with Longtake: there is nothing to download.")
        return
    spec = _public(name)
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
    download = commands.add_parser("download", help="download a model from the hub")
    add = commands.add_parser("add", help="import a model from a folder")
    add.add_argument(
        "folder", type=Path, help="contains model.safetensors and the files that came with it"
    )
    add.add_argument("--as", dest="name", metavar="NAME", help="which model it is")
    for command in (download, add):
        command.add_argument(
            "--accept-licence", action="store_true", help="you have read and accept the licence"
        )
    for command in (
        download,
        commands.add_parser("remove", help="delete a model"),
        commands.add_parser("verify", help="check a model's files"),
    ):
        command.add_argument(
            "name", metavar="NAME", help="name of the model in 'longtake models list'"
        )
    commands.add_parser("login", help="store your account's token in the system's keyring")
    return parser
