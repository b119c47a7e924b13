"""Laws of the index for ReaPack: it is what the scripts say now, and everything that a script needs comes with it."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

from bridge.delivery.reapack import FOLDER, INDEX, address_of, files, header, index

ADDRESS = "https://example.org/some where"


def test_the_index_is_up_to_date() -> None:
    text = INDEX.read_text("utf-8")
    assert text == index(address_of(text)), "run: python -m bridge.delivery.reapack"


def test_it_has_what_reapack_asks_for() -> None:
    root = ElementTree.fromstring(index("https://example.org"))
    assert (root.tag, root.get("version"), bool(root.get("name"))) == ("index", "1", True)
    (package,) = root.findall("category/reapack")
    (version,) = package.findall("version")
    assert package.get("type") == "script" and package.get("name") == "longtake.lua"
    assert re.fullmatch(r"\d+\.\d+(\.\d+)?", version.get("name") or "")
    sources = version.findall("source")
    assert [source.get("file") for source in sources].count(None) == 1
    assert len({source.get("file") for source in sources}) == len(sources)
    for source in sources:
        assert re.fullmatch(r"https://[!-~]+\.lua", source.text or "")
        assert source.get("main") in ("main", None)
        path = Path(unquote((source.text or "").removeprefix("https://example.org/")))
        assert path.is_file()


def test_every_action_is_one_in_reaper_and_says_what_it_does() -> None:
    root = ElementTree.fromstring(index(ADDRESS))
    actions = {
        source.get("file") or "longtake.lua" for source in root.iter("source") if source.get("main")
    }
    assert actions == {path.name for path in FOLDER.glob("*.lua")} and len(actions) == 7
    for name in actions:
        assert header((FOLDER / name).read_text("utf-8"))["description"].startswith("Longtake")


def test_every_part_that_a_script_loads_comes_with_it() -> None:
    names = {path.name for path in files()}
    for path in files():
        loaded = re.findall(r'part\("(\w+)"\)', path.read_text("utf-8"))
        assert {f"{name}.lua" for name in loaded} <= names


def test_the_address_of_an_index_is_found_again() -> None:
    assert address_of(index("https://example.org/a/")) == "https://example.org/a"
