"""From a checked message to an action and its answers; every error becomes one `/longtake/error`.

Knows the table, the actions and the clients, and no socket.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial

from bridge.errors import BridgeError, code_of
from bridge.osc.access import Access
from bridge.osc.actions import Actions, Request
from bridge.osc.aliases import ALIASES, Heard, transport_change
from bridge.osc.arguments import converted, pressed, read
from bridge.osc.clients import Client, Clients
from bridge.osc.command import ROOT, Command
from bridge.osc.packet import Message, Value
from bridge.osc.pattern import is_pattern
from bridge.osc.schema import COMMANDS, PLAYED, REQ, find
from bridge.session import Session
from engine.errors import LongtakeError
from engine.parameter import readable

_log = logging.getLogger(__name__)


class Dispatcher:
    """Carries out messages."""

    def __init__(
        self, session: Session, clients: Clients, actions: Actions, access: Access
    ) -> None:
        """Keeps what it takes to carry out a message."""
        self._session = session
        self._clients = clients
        self._actions = actions
        self._access = access
        self._heard = Heard()

    def handle(self, client: Client, message: Message) -> None:
        """Carries out one message and answers it; raises nothing."""
        client.messages += 1
        if self._access.entry(client.host) == "token" and message.address != f"{ROOT}/token":
            first = f"Send the token first: {ROOT}/token."
            self._clients.error(client, ("", "bad_args", first, message.address))
            return
        self._guarded(client, message, lambda: self._do(client, message))

    def _guarded(self, client: Client, message: Message, action: Callable[[], None]) -> None:
        try:
            action()
        except LongtakeError as error:
            self._refuse(client, message, error)
        except Exception as error:
            _log.exception("%s failed", message.address)
            self._refuse(client, message, error)

    def _do(self, client: Client, message: Message) -> None:
        address, arguments = message
        if address in ALIASES:
            change = transport_change(
                self._heard, address, arguments, self._session.transport.state()
            )
            if change:
                self._session.transport.change("osc", change)
            return
        commands = find(address)
        if not commands:
            raise BridgeError(
                "unknown_address", f"There is no address {address[:80]}; see {ROOT}/help."
            )
        if is_pattern(address) and not arguments:
            raise BridgeError("bad_args", "A pattern sets values; it needs their argument.")
        for command in commands:  # What one of several refuses, the others may take.
            own = message._replace(address=command.address)
            self._guarded(client, own, partial(self._run, client, command, arguments))

    def _run(self, client: Client, command: Command, arguments: Sequence[Value]) -> None:
        if command.role == "value" and not arguments:
            self._clients.answer(client, command.address, self._actions.value(command))
            return
        press = pressed(command, arguments)
        if press is not None and not self._is_id(client, command, arguments[0]):
            if not press:
                return
            arguments = ()
        if command.name == "panic":  # However it is asked for.
            arguments = ()
        values, pairs = read(command, arguments)
        for place, answer in self._actions.run(Request(client, command, values, pairs)):
            self._clients.answer(client, f"{ROOT}/{place}", answer)

    def _is_id(self, client: Client, command: Command, value: Value) -> bool:
        """Whether a number means one of the client's own requests, where an id may be meant."""
        if isinstance(value, bool) or PLAYED not in command.arguments:
            return False
        name = converted(PLAYED.name, PLAYED.what, value)
        return self._session.jobs.owns(name, self._clients.addresses(client))

    def _refuse(self, client: Client, message: Message, error: Exception) -> None:
        sentence = str(error) if isinstance(error, LongtakeError) else "An error within Longtake."
        request, code = _request_id(message), code_of(error)
        self._clients.error(client, (request, code, sentence[:400], message.address))


def _request_id(message: Message) -> str:
    """The request that an error answers; empty if its id cannot be read, or the message asks for no job."""
    command = COMMANDS.get(message.address)
    if command is None or REQ not in command.arguments:
        return ""
    first = message.arguments[0] if message.arguments else None
    try:
        return str(converted(REQ.name, REQ.what, first))
    except BridgeError:
        return readable(first[: REQ.what.most]) if isinstance(first, str) else ""
