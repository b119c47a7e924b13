"""`longtake train sketch --parcel FILE`: gathers the contents, packs them, and says what to type on the other machine.

A parcel has at most `MOST_BYTES`. Where a run's checkpoint makes it larger, the checkpoint travels without moments and
averages, then the autoencoder without its decoder; what is still too large is refused, with the size of every thing.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from engine.errors import LongtakeError
from engine.training.parcel import contents, packages, start
from engine.training.parcel.font import Preset
from engine.training.parcel.parts import has_checkpoint
from engine.whole_files import whole

MOST_BYTES = 60 * 2**20
COMPRESSED_ALREADY, WEIGHTS = (".sf2",), ".safetensors"
MOMENTS, DECODER = "the checkpoint's moments and averages", "the autoencoder's decoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What a parcel is made of; the defaults are for Linux on x86-64 with Python 3.12."""

    run: Path | None = None
    """Whose last checkpoint comes along, if it has one."""
    packages_here: bool = False
    """Take the packages that are installed here instead of wheels for Python 3.12."""
    presets: frozenset[Preset] | None = None
    """Presets of the soundfont; None for all that the composer plays."""
    most_bytes: int = MOST_BYTES


@dataclass(frozen=True, slots=True)
class Parcel:
    """A finished parcel: its file, the size of each thing in it, what was left out, in bytes and words."""

    path: Path
    sizes: Counter[str]
    left_out: tuple[str, ...]

    def told(self, there: str, here: str) -> str:
        """What was packed, and what to type, with the flags of the training on the other machine and back here."""
        name, total = shlex.quote(self.path.name), self.path.stat().st_size
        lines = [f"{self.path}: {total / 2**20:.1f} MiB ({_listed(self.sizes)})."]
        lines += [f"Left out, so that it fits: {what}." for what in self.left_out]
        lines += [
            "On the other machine (Linux on x86-64, Python 3.12, PyTorch, no network):",
            f"  python3 {name} bench gpu --out gpu.md",
            f"  python3 {name} train sketch {there} --device cuda --parts parts",
            "Back here, with the files of its folder 'parts' in one of that name:",
            f"  longtake train sketch {here} --parts parts",
        ]
        return "\n".join(lines)


def pack(file: Path, choices: Choices) -> Parcel:
    """Writes a parcel, whole or not at all.

    Raises:
        LongtakeError: if something is missing here, or the parcel is too large; names what and the sizes.
    """
    with tempfile.TemporaryDirectory(prefix="longtake-parcel-") as made:
        folder, core, packed = (Path(made) / name for name in ("contents", "core", "packed"))
        contents.add_code(folder)
        packages.install(folder / start.SITE, here=choices.packages_here)
        contents.add_text(folder)
        contents.add_font(folder, choices.presets)
        shutil.copyfile(str(start.__file__), folder / "__main__.py")
        always = _zipped(folder, core)
        for left_out in _ways(choices.run):
            rest = Path(made) / f"rest{len(left_out)}"
            if choices.run is not None and has_checkpoint(choices.run):
                contents.add_run(rest, choices.run, light=MOMENTS in left_out)
            contents.add_autoencoder(rest, decoder=DECODER not in left_out)
            shutil.copyfile(core, packed)
            sizes = always + _zipped(rest, packed)
            if packed.stat().st_size <= choices.most_bytes:
                break
        else:
            raise LongtakeError(
                f"The parcel would have {packed.stat().st_size / 2**20:.1f} MiB, more than "
                f"{choices.most_bytes / 2**20:g}: {_listed(sizes)}."
            )
        with whole(file) as part:
            shutil.copyfile(packed, part)
    return Parcel(file, sizes, left_out)


def _ways(run: Path | None) -> tuple[tuple[str, ...], ...]:
    """What may be left out, the least first: nothing unless a checkpoint takes the space."""
    if run is None or not has_checkpoint(run):
        return ((),)
    return (), (MOMENTS,), (MOMENTS, DECODER)


def _zipped(folder: Path, packed: Path) -> Counter[str]:
    """Adds a folder to an archive; gives the packed size of each thing in it."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            name = path.relative_to(folder).as_posix()
            stored = path.suffix in COMPRESSED_ALREADY or ".part" in path.name
            if path.suffix == WEIGHTS:
                name += start.PLANES
                archive.writestr(name, start.apart(path.read_bytes()))
            else:
                archive.write(path, name, zipfile.ZIP_STORED if stored else None)
            sizes[_thing(name)] += archive.getinfo(name).compress_size
    return sizes


def _thing(name: str) -> str:
    parts = name.split("/")
    if "autoencoder.safetensors" in name:
        return "autoencoder"
    if parts[0] == start.SITE:
        return "text encoder" if parts[1].startswith("gt_") else "packages"
    names = {start.FONTS: "soundfont", start.RUN: "checkpoint"}
    return names.get(parts[0], "code")


def _listed(sizes: Counter[str]) -> str:
    return ", ".join(f"{name} {size / 2**20:.1f}" for name, size in sizes.most_common())
