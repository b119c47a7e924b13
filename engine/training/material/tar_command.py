"""`longtake train shards`: packs material into tar shards, for machines that it does not fit on.

Reads the flags; knows nothing of the format.
"""

from __future__ import annotations

import argparse
import logging
import shutil
from collections.abc import Sequence
from pathlib import Path

from engine.errors import AudioError, SpecError
from engine.parsing import Parser
from engine.training.material.dataset import Item, all_items
from engine.training.material.latent_items import STATISTICS, pieces
from engine.training.material.latents import ids_of, open_pieces, read_statistics
from engine.training.material.shards import Shards, digests
from engine.training.material.tar_writing import (
    Files,
    Packing,
    latent_files,
    sound_files,
    write_tars,
)
from engine.whole_files import whole

log = logging.getLogger(__name__)
DESCRIPTION = """
Packs sounds (--data) or latents (--latents) into tar shards in a drawn order, with an index beside each. webdataset
reads them; 'train latents --data' encodes the sounds, 'train dit --latents' trains on the latents, from a disk, http(s)
or object storage. The same line goes on after the last whole shard; other material needs another --out.
"""


def main(argv: Sequence[str]) -> int:
    """Packs material; `argv` are the arguments after the command's name."""
    parser = Parser(prog="longtake train shards", description=DESCRIPTION)
    parser.add_argument("--data", type=Path, nargs="+", default=[], help="folders of sounds")
    parser.add_argument("--latents", type=Path, help="folder of latents")
    parser.add_argument("--out", type=Path, required=True, help="folder for the shards")
    parser.add_argument("--gb", type=float, default=1.0, help="of a shard, about")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    arguments = parser.parse_args(list(argv))
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    log.info("%d shards in %s", packed(arguments), arguments.out)
    return 0


def packed(arguments: argparse.Namespace) -> int:
    """Writes the shards; how many there are.

    Raises:
        SpecError: if it is not said what to pack.
        LongtakeError: if there is nothing to pack, or the folder has other shards.
    """
    if bool(arguments.data) == bool(arguments.latents) or arguments.gb <= 0:
        raise SpecError("Give --data with sounds or --latents, one of them, and --gb above 0.")
    most_bytes = round(arguments.gb * 1e9)
    if arguments.data:
        material = all_items(arguments.data)
        ids_of(material)  # Two of one name would be one to whoever reads them.
        ids = digests(f"{item.frames} {item.known_as}" for item in material)
        packing = Packing(arguments.out, most_bytes, arguments.seed, ids)
        return write_tars(material, _sound, packing)
    read_statistics(arguments.latents)
    every = open_pieces(arguments.latents)
    ids = (
        every.ids
        if isinstance(every, Shards)
        else digests(path.name for path in pieces(arguments.latents))
    )
    packing = Packing(arguments.out, most_bytes, arguments.seed, ids)
    made = write_tars(every, latent_files, packing)
    with whole(arguments.out / STATISTICS) as part:
        shutil.copyfile(arguments.latents / STATISTICS, part)
    return made


def _sound(item: Item) -> Files | None:
    try:
        return sound_files(item)
    except AudioError as error:
        log.warning("%s It is left out.", error)
        return None
