"""Ableton Live as far as the script sees it: names and versions as in `live_api.toml`, behaviour as documented.

Strict, since Live itself cannot run here: what a version has not is an AttributeError, a wrong argument a TypeError, a
call off the main thread a failure, and each look at an object gives a new handle, so that `is` finds nothing again.
"""

from __future__ import annotations

import threading
import tomllib
from itertools import pairwise
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import soundfile

TABLE: dict[str, Any] = tomllib.loads((Path(__file__).parent / "live_api.toml").read_text())
VERSIONS: list[str] = TABLE.pop("versions")
TYPES = {"str": str, "int": int, "float": (int, float), "Any": object}


class Core:
    """The state of one object, which a test may read and set freely; `kind` is its class in Live."""

    kind = ""

    def __init__(self, live: FakeLive, parent: Core | None = None, **values: Any) -> None:
        self.live, self.canonical_parent = live, parent
        self.__dict__.update(values)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any: ...
        def __setattr__(self, name: str, value: Any) -> None: ...


class WarpMarker:
    def __init__(self, sample_time: float, beat_time: float) -> None:
        self.sample_time, self.beat_time = float(sample_time), float(beat_time)


class Handle:
    """What a script gets of a `Core`."""

    def __init__(self, core: Core) -> None:
        object.__setattr__(self, "_core", core)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Handle) and other._core is self._core

    def __hash__(self) -> int:
        return id(self._core)

    def __getattr__(self, name: str) -> Any:
        core: Core = self._core
        access = core.live.access(core.kind, name)
        if not access.startswith("("):
            return handled(getattr(core, name))

        def method(*args: Any) -> Any:
            core.live.check_thread()
            types, optional = access.rstrip("?")[1:-1].split(", "), access.count("?")
            types = [each for each in types if each]
            if not len(types) - optional <= len(args) <= len(types):
                raise TypeError(f"{core.kind}.{name} takes {access}, not {args}")
            for wanted, given in zip(types, args, strict=False):
                if not isinstance(given, TYPES.get(wanted, WarpMarker)):
                    raise TypeError(f"{core.kind}.{name} takes {access}, not {args}")
            return handled(getattr(core, name)(*args))

        return method

    def __setattr__(self, name: str, value: Any) -> None:
        core: Core = self._core
        if core.live.access(core.kind, name) != "rw":
            raise AttributeError(f"property of {core.kind!r} object has no setter: {name}")
        check = getattr(core, f"check_{name}", None)
        if check:
            check(value)
        setattr(core, name, value._core if isinstance(value, Handle) else value)


def handled(value: Any) -> Any:
    if isinstance(value, Core):
        return Handle(value)
    return tuple(map(handled, value)) if isinstance(value, list) else value


class Clip(Core):
    kind = "Clip"

    def __init__(self, live: FakeLive, parent: Core, path: str, start: float | None) -> None:
        super().__init__(live, parent)
        info = soundfile.info(path)
        self.file_path, self.name, self.color = path, Path(path).stem, 0
        self.sample_length, self.sample_rate = info.frames, float(info.samplerate)
        self.is_audio_clip, self.is_arrangement_clip = True, start is not None
        # As Live does with a long file: it guesses a tempo, not quite the right one, and where the first beat is.
        self.warping, self.warp_mode = live.guesses, 4
        beats = info.duration * 117.3 / 60.0
        self.markers = [
            (0.21, 0.0),
            (1.0, 1.6),
            (info.duration, beats),
            (info.duration + 0.1, beats + 0.2),
        ]
        if not live.guesses:
            self.markers = [(0.0, 0.0), (0.0155, 0.03125)]
        self.looping = False
        self.start_marker = self.loop_start = 0.0
        self.end_marker = self.loop_end = beats if live.guesses else info.duration
        self.start_time = start or 0.0
        self.end_time = self.start_time + info.duration * live.song.tempo / 60.0

    @property
    def warp_markers(self) -> list[Any]:
        return [WarpMarker(*each) for each in self.markers]

    def add_warp_marker(self, marker: WarpMarker) -> None:
        *shown, _ = self.markers
        shown = sorted([*shown, (marker.sample_time, marker.beat_time)])
        if any(a[1] >= b[1] or a[0] >= b[0] for a, b in pairwise(shown)):
            raise RuntimeError("invalid warp marker")
        self._set(shown)

    def move_warp_marker(self, beat: float, distance: float) -> None:
        at = self._at(beat)
        shown = self.markers[:-1]
        shown[at] = (shown[at][0], beat + distance)
        self._set(shown)

    def remove_warp_marker(self, beat: float) -> None:
        at = self._at(beat)
        if len(self.markers) == 2:
            raise RuntimeError("the last warp marker stays")
        self._set([each for i, each in enumerate(self.markers[:-1]) if i != at])

    def _at(self, beat: float) -> int:
        if not self.warping:
            raise RuntimeError("not warped")
        return next(i for i, each in enumerate(self.markers[:-1]) if abs(each[1] - beat) < 1e-6)

    def _set(self, shown: list[tuple[float, float]]) -> None:
        tempo = 2.0
        if len(shown) > 1:
            tempo = (shown[-1][1] - shown[-2][1]) / (shown[-1][0] - shown[-2][0])
        self.markers = [*shown, (shown[-1][0] + 0.1, shown[-1][1] + 0.1 * tempo)]

    def check_looping(self, value: bool) -> None:
        if value and not self.warping:
            raise RuntimeError("Only warped audio clips can be looped")

    def check_loop_start(self, value: float) -> None:
        if value >= self.loop_end:
            raise RuntimeError("loop start behind its end")

    def check_loop_end(self, value: float) -> None:
        if value <= self.loop_start:
            raise RuntimeError("loop end before its start")

    def check_color(self, value: int) -> None:
        if not (isinstance(value, int) and 0 <= value <= 0xFFFFFF):
            raise TypeError("a colour is 0xRRGGBB")


class ClipSlot(Core):
    kind = "ClipSlot"
    clip: Clip | None = None
    is_recording = False

    @property
    def has_clip(self) -> bool:
        return self.clip is not None

    def create_audio_clip(self, path: str) -> Clip:
        track = self.canonical_parent
        assert isinstance(track, Track)
        if self.clip or self.is_recording:
            raise RuntimeError("Clip slot is not empty")
        track.check_takes(path, 0.0)
        self.clip = Clip(self.live, self, path, None)
        return self.clip


class TakeLane(Core):
    kind = "TakeLane"

    def __init__(self, live: FakeLive, track: Track) -> None:
        super().__init__(live, track, name="", arrangement_clips=[])

    def create_audio_clip(self, path: str, start: float) -> Clip:
        assert isinstance(self.canonical_parent, Track)
        self.canonical_parent.check_takes(path, start)
        self.arrangement_clips.append(Clip(self.live, self, path, start))
        return self.arrangement_clips[-1]


class Track(Core):
    kind = "Track"

    def __init__(self, live: FakeLive, name: str, midi: bool = False) -> None:
        super().__init__(live, live.song, name=name, color=0, is_foldable=False, is_frozen=False)
        self.has_audio_input, self.has_midi_input, self.can_be_armed = not midi, midi, True
        self.arm = False
        self.arrangement_clips: list[Clip] = []
        self.take_lanes: list[TakeLane] = []
        self.clip_slots = [ClipSlot(live, self) for _ in range(4)]

    def check_takes(self, path: str, beat: float) -> None:
        if self.is_frozen or self.has_midi_input or self.is_foldable or not 0 <= beat <= 1576800:
            raise RuntimeError("not an audio track, frozen, or out of range")
        if self.live.song.record_mode and self.live.song.is_playing and self.arm:
            raise RuntimeError("recording")
        self.live.decode(path)

    def create_audio_clip(self, path: str, position: float) -> Clip | None:
        self.check_takes(path, position)
        clip = Clip(self.live, self, path, float(position))
        self.arrangement_clips.append(clip)
        self.arrangement_clips.sort(key=lambda each: each.start_time)
        return clip if self.live.version >= (12, 2) else None

    def create_take_lane(self) -> TakeLane:
        self.take_lanes.append(TakeLane(self.live, self))
        return self.take_lanes[-1]


class Song(Core):
    kind = "Song"

    def __init__(self, live: FakeLive) -> None:
        super().__init__(live, name="Nocturne", file_path="", tempo=120.0, data={}, undo=0)
        self.signature_numerator, self.signature_denominator = 3, 4
        self.is_playing, self.record_mode, self.current_song_time = False, False, 8.0
        self.loop, self.loop_start, self.loop_length = False, 0.0, 4.0
        self.root_note, self.scale_name, self.scale_mode = 0, "Major", False
        self.scenes = [Core(live, self) for _ in range(4)]
        self.tracks: list[Track] = []
        self.return_tracks: list[Track] = []
        self.view = Core(live, self, detail_clip=None, highlighted_clip_slot=None)
        self.view.kind, self.view.selected_scene = "Song.View", self.scenes[0]
        self.steps: list[int] = []

    def create_audio_track(self, index: int = -1) -> Track:
        track = Track(self.live, "Audio")
        self.tracks.insert(len(self.tracks) if index == -1 else index, track)
        return track

    def delete_track(self, index: int) -> None:
        del self.tracks[index]

    def begin_undo_step(self) -> None:
        self.undo += 1

    def end_undo_step(self) -> None:
        self.undo -= 1

    def get_data(self, key: str, default: Any) -> Any:
        return self.data.get(key, default)

    def set_data(self, key: str, value: Any) -> None:
        self.data[key] = value


class FakeLive:
    """One running Live; whoever makes it is its main thread."""

    def __init__(self, version: str, guesses: bool = True) -> None:
        self.named, self.guesses = version, guesses
        self.version = tuple(map(int, version.split(".")))
        self.main = threading.get_ident()
        self.off_thread: list[str] = []
        self.decode: Any = lambda path: soundfile.info(path)
        self.forwarded: list[tuple[int, int]] = []
        self.shown: list[str] = []
        self.logged: list[str] = []
        self.song = Song(self)
        self.song.master_track = Track(self, "Master")
        self.module = self._module()

    def access(self, kind: str, name: str) -> str:
        """How a member of a class may be used in this version."""
        self.check_thread()
        access, *since = TABLE.get(kind, {}).get(name, ("", "none"))
        if since and self.named not in since:
            raise AttributeError(f"{kind!r} object has no attribute {name!r} in {self.named}")
        return access

    def check_thread(self) -> None:
        if threading.get_ident() != self.main:
            self.off_thread.append(threading.current_thread().name)
            raise RuntimeError("Live's API is for its main thread")

    def c_instance(self) -> Any:
        """Live's side of one control surface."""
        return SimpleNamespace(
            song=lambda: Handle(self.song),
            handle=lambda: 7,
            log_message=self.logged.append,
            show_message=self.shown.append,
        )

    def _module(self) -> ModuleType:
        module: Any = ModuleType("Live")
        for kind, members in TABLE.items():
            there = {
                n: None for n, (_, *since) in members.items() if not since or self.named in since
            }
            if "." not in kind and there:
                setattr(module, kind, SimpleNamespace(**{kind: type(kind, (), there)}))
        module.Clip.WarpMarker = WarpMarker
        major, minor, bugfix = self.version
        app = Core(self)
        app.kind = "Application"
        app.get_major_version, app.get_minor_version = (lambda: major), (lambda: minor)
        app.get_bugfix_version = lambda: bugfix
        module.Application.get_application = lambda: Handle(app)
        module.MidiMap = SimpleNamespace(forward_midi_cc=self._forward)
        return module

    def _forward(self, script: int, midi_map: Any, channel: int, controller: int) -> bool:
        self.check_thread()
        assert script == 7 and midi_map == "map" and 0 <= channel < 16 and 0 <= controller < 128
        self.forwarded.append((channel, controller))
        return True
