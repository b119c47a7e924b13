"""Chords, form, clips and lead sheets over OSC, over a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.osc.server import OscServer
from bridge.session import Session
from engine.composing.composer import compose
from engine.composing.midi_files import read_midi, write_midi
from engine.composing.score import Score
from engine.spec import GenerationSpec
from tests.bridge.fake_engine import sheet
from tests.bridge.rig import Peer


@pytest.fixture
def peer(served: tuple[OscServer, Session]) -> Iterator[Peer]:
    with Peer(served[0].port) as client:
        client.ask("subscribe", "jobs", answer="subscribed")
        yield client


def test_chords_form_and_a_clip_of_an_allowed_folder_are_asked_for_over_osc(
    peer: Peer, served: tuple[OscServer, Session], tmp_path: Path
) -> None:
    clip = tmp_path / "clip.mid"
    write_midi(Score.of(compose(1, kind="loop", seconds=4.0)), clip)
    peer.send("param/form", "verse 4")
    peer.ask("generate", "r", "x", "chords", "Am7 | F", "score_seed", 5, answer="ack")
    peer.ask("generate", "s", "x", "midi", str(clip), answer="ack")
    jobs = {job.request_id: job.spec for job in served[1].jobs.all()}
    assert (jobs["r"].chords, jobs["r"].form, jobs["r"].score_seed) == ("Am7 | F", "verse 4", 5)
    assert (jobs["s"].midi, jobs["s"].form) == (str(clip.resolve()), "")
    peer.send("param/midi", "clip.mid")
    peer.ping()
    assert served[1].parameters.get("midi") == str(clip.resolve())
    peer.send("param/midi", "")
    peer.ping()
    assert served[1].parameters.get("midi") is None
    peer.send("generate", "t", "x", "chords", "Am7 | Xyz")
    assert peer.wait("error")[:2] == ("t", "bad_args")


def test_what_a_take_plays_is_told_first_and_its_notes_are_written_beside_it(peer: Peer) -> None:
    (_, job, _) = peer.ask("generate", "r", "it plays", "duration", 0.5, "seed", 2, answer="ack")
    done = peer.wait("done")
    ((told, about, tempo),) = peer.at("lead_sheet")
    assert (told, about) == (job, "a song of seed 2")
    assert tempo == pytest.approx(float(sheet(GenerationSpec(seed=2)).tempo or 0.0))
    (_, path) = peer.ask("notes", job)
    assert Path(path) == Path(done[2]).with_suffix(".mid")
    assert len(read_midi(Path(path)).notes) > 20
    peer.ask("generate", "s", "silent", "duration", 0.5, answer="ack")
    silent = peer.wait("done")
    peer.send("notes", silent[1])
    assert "not known" in peer.wait("error")[2]
