"""Controls made from a table of parameters: unit, range, choices and help text come from there.

Knows a `Table` and its set and get; the panels decide which parameters are shown where. A value of None is the model's
own choice, shown as such.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from PyQt6.QtCore import QSignalBlocker, Qt
from PyQt6.QtWidgets import (
    QAbstractSpinBox,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from engine.spec import Parameter
from gui.compose.table import Table
from gui.learn import teach
from gui.look.as_typed import hint
from gui.look.controls import Switch, label, row, side_by_side
from gui.look.fields import ChoiceBox, NumberField, Slider
from gui.look.language import tr
from gui.look.theme import Look

SLIDER_STEPS = 200


class ParameterControl(QWidget):
    """A control of one parameter, with its label; subclasses hold the widget that sets it."""

    def __init__(self, table: Table, look: Look, name: str, title: str) -> None:
        super().__init__()
        self.table, self.session = table, table.session
        self.look, self.name, self.title = look, name, title
        self.known: Parameter = table.known[name]
        self.column = look.pad(QVBoxLayout(self), gap=3)
        help_text = " ".join(filter(None, (sentence(self.known), limits(self.known))))
        self.setToolTip(hint(help_text))
        self.build()
        for control in self.controls():
            control.setAccessibleDescription(help_text)
            teach(control, self.session, table.targets + name, title, self.reset)
        table.changed.connect(self._heard)
        self.show_value(table.get(name))

    def build(self) -> None:
        """Makes the widgets."""
        raise NotImplementedError

    def controls(self) -> list[QWidget]:
        """The widgets that take the focus."""
        raise NotImplementedError

    def show_value(self, value: Any) -> None:
        """Shows a value without telling the session."""
        raise NotImplementedError

    def set_value(self, value: Any) -> None:
        """Tells the session; what it refuses is not shown as set."""
        if self.table.get(self.name) != value and not self.session.manages(
            lambda: self.table.set(self.name, value)
        ):
            self.show_value(self.table.get(self.name))

    def reset(self) -> None:
        """Back to the default."""
        self.set_value(self.table.defaults[self.name])

    def model_default(self) -> Any:
        """What None means for the current model."""
        return self.table.own(self.name)

    def _heard(self, name: str, value: Any) -> None:
        """Shows what is set now: a hand that drags a slider is ahead of the events about it."""
        if name in (self.name, "model"):
            self.show_value(self.table.get(self.name))


class NumberControl(ParameterControl):
    """A slider and a field; the lowest position of the field is `auto` where the model may choose."""

    def build(self) -> None:
        """Field and slider."""
        low, high = self.known.low or 0.0, self.known.high if self.known.high is not None else 1.0
        self.auto = self.table.get(self.name) is None or self.model_default() is not None
        self.step = 1.0 if self.known.kind == "int" else 0.01 if high <= 1 else 0.1
        self.low, self.high = low, high
        # The useful values of a wide range lie at its low end; a square root gives them most of the slider.
        self.bent = low >= 0 and high > 20
        self.field = NumberField()
        self.field.setDecimals(0 if self.step == 1 else 2 if self.step < 0.1 else 1)
        self.field.setRange(low - self.step if self.auto else low, high)
        self.field.setSingleStep(self.step)
        self.field.setKeyboardTracking(False)
        self.field.setAccessibleName(self.title)
        self.field.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.field.setSuffix(f" {self.known.unit}" if self.known.unit else "")
        self.slider = Slider()
        self.slider.setRange(0, SLIDER_STEPS)
        self.slider.setAccessibleName(self.tr("{0}, slider").format(self.title))
        self.place()
        self.field.valueChanged.connect(self._typed)
        self.slider.valueChanged.connect(self._slid)
        self.look.follow(self._restyle)

    def place(self) -> None:
        """Label and field above, slider below."""
        self.column.addLayout(row(self.look, label(self.title), self.field))
        self.column.addWidget(self.slider)

    def controls(self) -> list[QWidget]:
        """Field and slider."""
        return [self.field, self.slider]

    def show_value(self, value: Any) -> None:
        """Shows a number, or the model's own."""
        default = self.model_default()
        with QSignalBlocker(self.field), QSignalBlocker(self.slider):
            if self.auto:
                words = (
                    self.tr("auto") if default is None else self.tr("auto, {0:g}").format(default)
                )
                self.field.setSpecialValueText(words)
            self.field.setValue(self.field.minimum() if value is None else float(value))
            self.slider.setValue(self._to_slider(default if value is None else value))

    def _restyle(self) -> None:
        self.field.setMinimumWidth(self.look.px(104))

    def _to_slider(self, value: float | None) -> int:
        if value is None:
            return 0
        share = (value - self.low) / (self.high - self.low)
        return round(SLIDER_STEPS * (share**0.5 if self.bent else share))

    def _slid(self, place: int) -> None:
        share = place / SLIDER_STEPS
        value = self.low + (share**2 if self.bent else share) * (self.high - self.low)
        self._tell(round(value / self.step) * self.step)

    def _typed(self, value: float) -> None:
        if self.auto and value < self.low:
            self.set_value(None)
        else:
            self._tell(value)

    def _tell(self, value: float) -> None:
        value = min(max(value, self.low), self.high)
        self.set_value(int(value) if self.known.kind == "int" else round(value, 3))


class ChoiceControl(ParameterControl):
    """A list to choose from; its first entry is the model's own choice where there may be one."""

    words: Mapping[Any, str] = {}
    """What a choice is called, where that is not its name."""

    def build(self) -> None:
        """Label and list in a row."""
        self.box = ChoiceBox()
        self.box.setAccessibleName(self.title)
        self.options: list[Any] = []
        self.auto = self.table.get(self.name) is None or self.model_default() is not None
        if self.auto:
            self.box.addItem("")
        self.offer(self.known.choices)
        self.column.addLayout(row(self.look, label(self.title), self.box))
        self.box.activated.connect(self._chose)

    def offer(self, options: Sequence[Any]) -> None:
        """Adds what is not in the list yet."""
        new = [option for option in options if option not in self.options]
        self.options += new
        self.box.addItems([self.words.get(option, str(option)) for option in new])

    def controls(self) -> list[QWidget]:
        """The list."""
        return [self.box]

    def show_value(self, value: Any) -> None:
        """Shows a choice."""
        with QSignalBlocker(self.box):
            if self.auto:
                default = self.model_default()
                self.box.setItemText(
                    0, self.tr("auto, {0}").format(default) if default else self.tr("auto")
                )
            self.offer(() if value is None else (value,))
            self.box.setCurrentIndex(0 if value is None else self.options.index(value) + self.auto)

    def _chose(self, index: int) -> None:
        self.set_value(None if self.auto and index == 0 else self.options[index - self.auto])


class SwitchControl(ParameterControl):
    """A switch."""

    def build(self) -> None:
        """One switch with its text."""
        self.switch = Switch(self.look, self.title)
        self.column.addWidget(self.switch)
        self.switch.clicked.connect(self.set_value)

    def controls(self) -> list[QWidget]:
        """The switch."""
        return [self.switch]

    def show_value(self, value: Any) -> None:
        """Turns the switch."""
        self.switch.setChecked(bool(value))


class TextControl(ParameterControl):
    """A line of text."""

    def build(self) -> None:
        """Label and line."""
        self.field = QLineEdit()
        self.field.setAccessibleName(self.title)
        self.column.addWidget(label(self.title))
        self.column.addWidget(self.field)
        self.field.editingFinished.connect(self.enter)

    def controls(self) -> list[QWidget]:
        """The line."""
        return [self.field]

    def show_value(self, value: Any) -> None:
        """Shows a text; what is being typed here is not overwritten."""
        if not self.field.isModified():
            self.field.setText(value or "")

    def enter(self) -> None:
        """What was typed counts."""
        if self.field.isModified():
            text = self.field.text().strip()
            self.set_value(text)
            self.field.setModified(self.table.get(self.name) != text)


class PairControl(ParameterControl):
    """Two numbers that bound a range."""

    def build(self) -> None:
        """Label and two fields."""
        self.fields = [NumberField(), NumberField()]
        bounds = row(self.look, label(self.title))
        for field, which in zip(self.fields, (self.tr("from"), self.tr("to")), strict=True):
            field.setRange(
                self.known.low or 0.0, self.known.high if self.known.high is not None else 1.0
            )
            field.setSingleStep(0.05)
            field.setKeyboardTracking(False)
            field.setAccessibleName(f"{self.title} {which}")
            field.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
            field.valueChanged.connect(self._typed)
            bounds.addLayout(side_by_side(self.look, label(which, "small"), field))
        self.column.addLayout(bounds)

    def controls(self) -> list[QWidget]:
        """Both fields."""
        return list(self.fields)

    def show_value(self, value: Any) -> None:
        """Shows both numbers, or the model's own."""
        numbers = cast(tuple[float, float], value or self.model_default() or (0.0, 1.0))
        for field, number in zip(self.fields, numbers, strict=True):
            with QSignalBlocker(field):
                field.setPrefix("" if value else self.tr("auto, {0}").format(""))
                field.setValue(number)

    def _typed(self) -> None:
        first, second = (field.value() for field in self.fields)
        self.set_value((min(first, second), max(first, second)))


def sentence(parameter: Parameter) -> str:
    """The help of a parameter as a sentence, in the panel's language."""
    words = tr(parameter.help)
    return f"{words[:1].upper()}{words[1:]}."


def limits(parameter: Parameter) -> str:
    """The range of a number with its unit, as '1 to 500.'; empty for what has none."""
    if parameter.low is None or parameter.high is None:
        return ""
    words = tr("{0:g} to {1:g} {2}").format(parameter.low, parameter.high, parameter.unit)
    return f"{words.strip()}."


_KINDS: dict[str, Callable[[Table, Look, str, str], ParameterControl]] = {
    "float": NumberControl,
    "int": NumberControl,
    "bool": SwitchControl,
    "pair": PairControl,
    "text": TextControl,
    "files": TextControl,
}


def control_for(table: Table, look: Look, name: str, title: str) -> ParameterControl:
    """The control that fits a parameter's kind."""
    kind = ChoiceControl if table.known[name].choices else _KINDS[table.known[name].kind]
    return kind(table, look, name, title)
