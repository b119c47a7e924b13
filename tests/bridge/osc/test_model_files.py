"""The models' files over OSC: what is here is listed, a licence stays a person's to accept, changes are told."""

from __future__ import annotations

from dataclasses import replace

from bridge.osc.server import OscServer
from bridge.session import Session
from engine.registry import MODELS
from tests.bridge.rig import Peer

Served = tuple[OscServer, Session]


def test_files_are_listed_and_licences_asked_for(served: Served) -> None:
    with Peer(served[0].port) as peer:
        peer.send("model/files")
        for _ in MODELS:
            peer.wait("model/files")
        peer.quiet(0.1)
        told = {values[0]: values for values in peer.at("model/files")}
        assert set(told) == set(MODELS)
        _, state, fraction, mb, problem = told["sketch"]
        assert (state, fraction, problem) == ("installed", 1.0, "") and mb > 10
        peer.send("model/download", "stable-audio-3-medium")
        assert "licence" in peer.wait("error")[2]
        for name, why in (("sketch", "comes with"), ("stable-audio-2", "has no public weights")):
            peer.send("model/download", name)
            (_, code, text, *_) = peer.wait("error")
            assert code == "bad_args" and why in text and "licence" not in text
        peer.send("model/download", "nothing")
        assert peer.wait("error")[1] == "bad_args"
        assert peer.ask("model/pause", "sketch", answer="model/files")[1] == "installed"
        peer.ask("subscribe", "model", answer="subscribed")
        files = served[1].models.files
        here = files.get("sketch")
        files._publish = served[1].hub.publish
        files._show(replace(here, state="downloading", done=5_000_000, total=20_000_000))
        assert peer.wait("model/files", where=1, is_="downloading")[2:4] == (0.25, 5.0)
