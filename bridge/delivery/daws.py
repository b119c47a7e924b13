"""`session.daws`: where takes can be delivered to, what a DAW has selected, and every delivery.

Knows the transport only as it is given. Any thread may call; nothing waits for a DAW.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from bridge.audio.metronome import clicks
from bridge.delivery.carrier import Hears
from bridge.delivery.companion import Companions
from bridge.delivery.deliveries import Deliveries
from bridge.delivery.installing import installed
from bridge.delivery.messages import Message
from bridge.delivery.owed import Owed
from bridge.delivery.placements import placement
from bridge.delivery.sources import gathered
from bridge.delivery.targets import TARGETS, target
from bridge.delivery.way import Way
from bridge.delivery_state import BELOW, NEW, Delivery, Placement, Selection
from bridge.errors import BridgeError, code_of
from bridge.events import Notice, Publish, SelectionHanded
from bridge.state import TransportState
from engine.errors import AudioError, LongtakeError, choices
from engine.sound.audio import write_audio

RATE, BEATS = 44_100, 4
"""Of the click of a test."""
_log = logging.getLogger(__name__)


class Daws:
    """The DAWs beside us."""

    def __init__(
        self,
        publish: Publish,
        data: Path,
        takes: Path,
        companions: Companions | None = None,
        ways: Mapping[str, Way] | None = None,
    ) -> None:
        """Reads what is owed; nothing is delivered before `start`.

        Args:
            publish: who is told.
            data: the folder of our data.
            takes: the folder of takes, where what a DAW hands over is kept.
            companions: the DAWs that have a script of ours.
            ways: the ways to the other targets.
        """
        self._publish = publish
        self._takes = takes
        self._companions = companions or Companions({})
        self._data = data
        self._handed: Selection | None = None
        self._handed_at = 0.0
        self._hands = ThreadPoolExecutor(1, "selections")
        every = {**self._companions.ways, **(ways or {})}
        self.deliveries = Deliveries(publish, Owed(data / "deliveries.json"), every, installed)

    def start(self, hears: Hears) -> None:
        """Begins to listen and to deliver; `hears` gets what DAWs say besides answers."""

        def hear(daw: str, message: Message) -> None:
            if message["kind"] == "answer":
                self.deliveries.answered(
                    str(message.get("id", "")),
                    ok=bool(message.get("ok")),
                    code=str(message.get("code", "")),
                    text=str(message.get("text", "")),
                    by=daw,
                )
            else:
                hears(daw, message)
            self.deliveries.look()

        self._companions.start(hear)
        self.deliveries.start()

    def tell(self, daw: str, message: Message) -> None:
        """Says something to a DAW's companion, if it is there."""
        if daw in self._companions.ways:
            self._companions.ways[daw].tell(message)

    def stands(self, daw: str) -> TransportState | None:
        """Where a DAW stands, if its companion is there and has said so."""
        return self._companions.stands(daw)

    def placement(
        self, name: str, place: str, track: str, form: str, transport: TransportState
    ) -> Placement:
        """Where a take is to lie, settled now: where the DAW itself says it stands, else by the transport.

        Without a name it goes to the `default`.

        `selection` means what that DAW (or a script) handed over last, where that said its beat and nothing else was
        selected since; `below` its track.

        Raises:
            BridgeError: `out_of_range`, `bad_args` or `not_loaded`, with what would be right.
        """
        name = name or self.default()
        self.deliveries.check(name)
        stands = self.stands(name) or (transport if _heard(transport) else None)
        handed = self._handed_by(name)
        if handed and handed.beat is not None and place.strip() == "selection":
            beats = handed.seconds * (stands.tempo if stands else 120.0) / 60.0
            stands = replace(
                stands or transport, selection=(handed.beat, handed.beat + max(beats, 1e-6))
            )
        found = placement(name, place, track, form, stands)
        beside = handed.track if handed and track == BELOW else ""
        return replace(found, beside=beside, item=handed.item if handed else "")

    def _handed_by(self, name: str) -> Selection | None:
        """What a DAW, or any script, handed over, unless something else was selected in that DAW since."""
        handed, way = self._handed, self._companions.ways.get(name)
        since = way is not None and way.standing.selected > self._handed_at and way.standing.now()
        stale = bool(since) and since.selection is not None
        return handed if handed and handed.daw in ("", name) and not stale else None

    def default(self) -> str:
        """The target that is meant where none is named: the one DAW that is connected.

        Raises:
            BridgeError: `bad_args` if none is, or several are.
        """
        there = [name for name, way in self._companions.ways.items() if way.ready()]
        if len(there) == 1:
            return there[0]
        which = f"{' and '.join(there)} are connected" if there else "no DAW is connected"
        raise BridgeError("bad_args", f"Say where it goes: {which}; choose {choices(TARGETS)}.")

    def hand(self, selection: Selection) -> Selection:
        """Takes over what a DAW has selected: as one recording, told to everybody; may take a while.

        Raises:
            LongtakeError: if a file of it cannot be used.
        """
        selection = replace(selection, path=gathered(selection, self._takes))
        self._handed, self._handed_at = selection, time.perf_counter()
        self._publish(SelectionHanded(selection))
        return selection

    def hand_soon(self, selection: Selection) -> None:
        """As `hand`, in the background; what goes wrong is told as a `Notice`."""
        self._hands.submit(self._hand_safely, selection)

    def handed(self) -> Selection | None:
        """What was handed over last."""
        return self._handed

    def test(self, name: str) -> Delivery:
        """Puts a click on a new track, or wherever the target puts things, to see that it works.

        Raises:
            BridgeError: as `Deliveries.send`; `io` if the click cannot be written.
        """
        placed = placement(name, "", NEW if NEW in target(name).tracks else "", "", None)
        tempo, seconds = 120.0, BEATS / 2.0
        made = Delivery("", "", self._click(tempo), "Longtake click", placed, seconds, tempo, BEATS)
        return self.deliveries.add(made)

    def close(self) -> None:
        """Ends deliveries, then says bye to the DAWs."""
        self._hands.shutdown(cancel_futures=True)
        self.deliveries.close()
        self._companions.close()

    def _hand_safely(self, selection: Selection) -> None:
        try:
            self.hand(selection)
        except LongtakeError as error:
            self._publish(Notice("error", code_of(error), str(error)))
        except Exception:
            _log.exception("A selection could not be read")
            self._publish(Notice("error", "internal", "What was selected could not be read."))

    def _click(self, tempo: float) -> Path:
        """A bar of clicks as a lasting file: a DAW refers to it where it lies."""
        path = self._data / "click.wav"
        try:
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                write_audio(path, clicks(RATE, tempo, (BEATS, 4), 1).T, RATE, "24")
        except (AudioError, OSError) as error:
            raise BridgeError("io", f"The click could not be written: {error}") from error
        return path


def _heard(transport: TransportState) -> bool:
    """Whether anybody has said where the DAW stands or what is selected."""
    return transport.source != "manual" or transport.selection is not None
