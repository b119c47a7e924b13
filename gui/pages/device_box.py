"""A list of devices whose long names do not make the page wider than it is. Knows `AudioDevice`; no session."""

from __future__ import annotations

from PyQt6.QtCore import QSignalBlocker, Qt

from bridge.state import AudioDevice
from gui.look.as_typed import hint
from gui.look.fields import ChoiceBox


class DeviceBox(ChoiceBox):
    """What is cut is in the tooltip."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.currentTextChanged.connect(self.setToolTip)
        self.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)

    def show_devices(self, devices: list[AudioDevice], chosen: str) -> None:
        """Shows which there are, and the system's default before them."""
        with QSignalBlocker(self):
            self.clear()
            self.addItem(self.tr("system's default"), "")
            for device in devices:
                name = f"{device.name}  ({device.host_api})"
                self.addItem(name, device.id)
                self.setItemData(self.count() - 1, hint(name), Qt.ItemDataRole.ToolTipRole)
            self.setCurrentIndex(max(self.findData(chosen), 0))
        self.setToolTip(self.currentText())
        self.setEnabled(bool(devices))
