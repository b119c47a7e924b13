"""What a companion is sent for a delivery, and what is known of it from what it says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bridge.delivery.companion import Companions
from bridge.delivery.messages import TO_DAW, Message, checked
from bridge.delivery.way import NotThere
from bridge.delivery_state import Delivery, Placement
from engine.errors import DiskError
from tests.bridge.delivery.daw import Loop

PLACEMENT = Placement("reaper", "beat", 16.0, 4.0, "below", "Bass", "{guid}", "take")
DELIVERY = Delivery("d1", "t1", Path("/a/b.wav"), "B", PLACEMENT, 2.0, 120.0, 4.0, loop=True)


def test_a_delivery_is_all_in_one_place_and_every_field_is_in_the_table() -> None:
    loop = Loop()
    companions = Companions({"reaper": loop, "ardour": loop})
    way = companions.ways["reaper"]
    companions.start(lambda daw, message: None)
    with pytest.raises(NotThere):
        way.deliver(DELIVERY)
    loop.there = {"reaper"}
    assert way.deliver(DELIVERY) is None
    said = loop.wait("place")
    assert checked(said, TO_DAW) == said
    assert set(said) == set(TO_DAW["place"]) | {"kind"}
    where = ("at", "position", "length", "track", "beside", "item", "form")
    assert [said[name] for name in where] == [getattr(PLACEMENT, name) for name in where]
    assert (said["id"], said["path"], said["beats"], said["loop"]) == ("d1", "/a/b.wav", 4.0, True)


def test_each_daw_stands_where_it_said_itself_and_only_while_it_is_there() -> None:
    loop, heard = Loop(), list[tuple[str, Message]]()
    companions = Companions({"reaper": loop, "ardour": loop})
    companions.start(lambda daw, message: heard.append((daw, message)))
    assert companions.stands("reaper") is None
    loop.says("reaper", "hello", program="Reaper 7.22", project="Lied", instance="a", protocol=1)
    assert companions.ways["reaper"].detail() == "Reaper 7.22, Lied"
    loop.says("reaper", "state", tempo=90.0, beat=8.0, playing=False, project="Lied 2")
    loop.says("ardour", "state", tempo=70.0)
    for daw, tempo in (("reaper", 90.0), ("ardour", 70.0)):
        stands = companions.stands(daw)
        assert stands and stands.tempo == tempo
    assert companions.ways["reaper"].detail() == "Reaper 7.22, Lied 2"
    assert [(daw, message["kind"]) for daw, message in heard] == [
        ("reaper", "hello"),
        ("reaper", "state"),
        ("ardour", "state"),
    ]
    loop.there = set()
    assert companions.stands("reaper") is None
    assert "closed" in companions.ways["reaper"].detail()


def test_a_project_refers_to_copies_in_its_own_folder_if_that_is_wished(tmp_path: Path) -> None:
    take, project, loop = tmp_path / "take.wav", tmp_path / "Lied", Loop()
    take.write_bytes(b"RIFF and more")
    delivery = replace(DELIVERY, path=take)
    for copies, folder, there in (
        (False, project, take),
        (True, Path(), take),  # It has not been saved yet.
        (True, project, project / "Longtake" / "take.wav"),
        (True, project, project / "Longtake" / "take.wav"),  # Asked again, as while it records.
    ):
        companions = Companions({"reaper": loop}, copies)
        companions.start(lambda daw, message: None)
        loop.says("reaper", "state", folder="" if folder == Path() else str(folder))
        companions.ways["reaper"].deliver(delivery)
        assert loop.wait("place")["path"] == str(there)
        assert there.read_bytes() == take.read_bytes()
    (tmp_path / "file").write_text("")
    loop.says("reaper", "state", folder=str(tmp_path / "file"))
    with pytest.raises(DiskError):
        companions.ways["reaper"].deliver(delivery)


def test_a_daw_that_is_nobodys_is_not_heard() -> None:
    loop, heard = Loop(), list[str]()
    companions = Companions({"reaper": loop})
    companions.start(lambda daw, message: heard.append(daw))
    loop.says("cubase", "hello")
    assert heard == []
