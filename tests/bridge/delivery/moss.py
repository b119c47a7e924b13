"""DrivenByMoss as its OSC is documented, over a socket: strict on addresses and arguments, silent on what it takes."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass, field
from pathlib import Path

from bridge.osc.packet import Message, decode, encode

SLOTS = 8


@dataclass
class Track:
    name: str
    audio: bool = True
    slots: list[str] = field(default_factory=lambda: [""] * SLOTS)


class Moss:
    """Tracks and slots; what it was told that it does not know is in `wrong`."""

    def __init__(self, *tracks: Track, answers: int | None = None) -> None:
        self.tracks = list(tracks)
        self.selected: int | None = None
        self.slot: int | None = None
        self.wrong: list[Message] = []
        self.heard: list[str] = []
        self._answers = answers
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind(("127.0.0.1", 0))
        self.port: int = self._sock.getsockname()[1]
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Moss:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.sendto(b"end", ("127.0.0.1", self.port))
        self._thread.join(timeout=60)
        self._sock.close()

    def _run(self) -> None:
        while (packet := self._sock.recv(65_536)) != b"end":
            for message in decode(packet):
                self.heard.append(message.address)
                if not self._does(message.address.split("/")[1:], message.arguments):
                    self.wrong.append(message)
                self._tell()

    def _does(self, path: list[str], arguments: tuple[object, ...]) -> bool:
        match path, arguments:
            case ["refresh"], ():
                return True
            case ["track", "add", "audio"], ():
                self.tracks.append(Track(f"Audio {len(self.tracks) + 1}"))
                self.selected, self.slot = len(self.tracks) - 1, None
                return True
            case ["clip", "insertFile"], (str(file),):
                if self.selected is not None and self.slot is not None:
                    self._insert(self.tracks[self.selected], self.slot, file)
                return True
            case ["track", number, "name"], (str(name),):
                self._track(number).name = name
                return True
            case ["track", number, "clip", slot, "insertFile"], (str(file),):
                self._insert(self._track(number), int(slot) - 1, file)
                return True
        return False

    def _track(self, number: str) -> Track:
        if number == "selected":
            assert self.selected is not None
            return self.tracks[self.selected]
        return self.tracks[int(number) - 1]

    def _insert(self, track: Track, slot: int, file: str) -> None:
        if track.audio and Path(file).is_file():
            track.slots[slot] = file  # As a replacing insertion point does, whatever was there.

    def _tell(self) -> None:
        """Everything, as after `/refresh`; the extension itself leaves out what has not changed."""
        if self._answers is None:
            return
        said: list[tuple[str, str | int]] = [("/update", 1)]
        for number, track in enumerate(self.tracks):
            said += self._about(f"/track/{number + 1}", number, track)
        for number in range(len(self.tracks), 8):
            said += [(f"/track/{number + 1}/exists", 0), (f"/track/{number + 1}/name", "")]
        if self.selected is None:
            said.append(("/track/selected/exists", 0))
        else:
            said += self._about("/track/selected", self.selected, self.tracks[self.selected])
        said.append(("/update", 0))
        packet = b"#bundle\0" + bytes(7) + b"\1"
        for address, value in said:
            message = encode(address, (value,))
            packet += len(message).to_bytes(4, "big") + message
        self._sock.sendto(packet, ("127.0.0.1", self._answers))

    def _about(self, address: str, number: int, track: Track) -> list[tuple[str, str | int]]:
        said: list[tuple[str, str | int]] = [
            (f"{address}/exists", 1),
            (f"{address}/name", track.name),
            (f"{address}/position", number),
            (f"{address}/canHoldAudioData", int(track.audio)),
        ]
        for slot, file in enumerate(track.slots, 1):
            chosen = self.selected == number and self.slot == slot - 1
            said.append((f"{address}/clip/{slot}/hasContent", int(bool(file))))
            said.append((f"{address}/clip/{slot}/isSelected", int(chosen)))
        return said
