"""Makes the index by which ReaPack, the package manager for Reaper, installs our scripts.

`python -m bridge.delivery.reapack ADDRESS` writes it anew. The package is what lies in `bridge/companions/reaper`,
described by the header of its first script. Whoever publishes it gives the address of their repository once; it is kept
in the index. Knows nothing of Longtake.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

COMPANIONS = Path(__file__).parents[1] / "companions"
FOLDER = COMPANIONS / "reaper"
INDEX = Path(__file__).parents[2] / "docs" / "daw" / "reapack.xml"
PACKAGE = "longtake.lua"
BENEATH = "bridge/companions"
"""Where the companions lie in the repository."""
_TAG = re.compile(r"-- @(\w+) (.+)")


def index(address: str) -> str:
    """The text of the index.

    Args:
        address: of the root of the published repository, beneath which its files are downloaded.
    """
    about = header((FOLDER / PACKAGE).read_text(encoding="utf-8"))
    root = ElementTree.Element("index", version="1", name="Longtake")
    category = ElementTree.SubElement(root, "category", name="Longtake")
    package = ElementTree.SubElement(
        category, "reapack", name=PACKAGE, type="script", desc=about["description"]
    )
    version = ElementTree.SubElement(
        package, "version", name=about["version"], author=about["author"]
    )
    for path in files():
        lies = path.relative_to(COMPANIONS).as_posix()
        name = lies.removeprefix(f"{FOLDER.name}/")
        attributes = {} if name == PACKAGE else {"file": name}
        # Scripts beside the first one are actions; those in folders, and what several DAWs share, are parts of them.
        if path.parent == FOLDER:
            attributes["main"] = "main"
        source = ElementTree.SubElement(version, "source", attributes)
        source.text = f"{address.rstrip('/')}/{BENEATH}/{quote(lies)}"
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n'


def files() -> list[Path]:
    """Every file of the package, the first script first."""
    found = sorted(FOLDER.rglob("*.lua"), key=lambda path: (path.name != PACKAGE, path.as_posix()))
    return [*found, COMPANIONS / "spool.lua"]


def header(text: str) -> dict[str, str]:
    """The tags at the beginning of a script, as `-- @version 1.0.0`."""
    return {found[1]: found[2] for line in text.splitlines() if (found := _TAG.fullmatch(line))}


def address_of(text: str) -> str:
    """The address that an index was made for."""
    source = ElementTree.fromstring(text).find(".//source")
    url = (source.text or "") if source is not None else ""
    return url.partition(f"/{BENEATH}/")[0]


if __name__ == "__main__":
    known = sys.argv[1] if sys.argv[1:] else address_of(INDEX.read_text(encoding="utf-8"))
    INDEX.write_text(index(known), encoding="utf-8", newline="\n")
