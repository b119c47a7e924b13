"""From a checked message to an action and its answers; every error becomes one `/longtake/error`.

Knows the table, the actions and the clients, and no socket.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from bridge.errors import BridgeError, code_of
from bridge.osc.access import Access
from bridge.osc.actions import Actions, Request
from bridge.osc.aliases import ALIASES, Heard, transport_change
from bridge.osc.arguments import read
from bridge.osc.clients import Client, Clients
from bridge.osc.packet import Message, Value
from bridge.osc.pattern import is_pattern
from bridge.osc.schema import ROOT, Command, find
from bridge.session import Session
from engine.errors import LongtakeError

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
        if self._access.entry(client.host) == "token" and message.address != f"{ROOT}/token":
            self._refuse(
                client, message, BridgeError("bad_args", f"Send the token first: {ROOT}/token.")
            )
            return
        try:
            self._do(client, message)
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
        for command in commands:
            self._run(client, command, arguments)

    def _run(self, client: Client, command: Command, arguments: Sequence[Value]) -> None:
        if command.role == "value" and not arguments:
            self._clients.answer(client, command.address, self._actions.value(command))
            return
        values, pairs = read(command, arguments)
        for place, answer in self._actions.run(Request(client, command, values, pairs)):
            self._clients.answer(client, f"{ROOT}/{place}", answer)

    def _refuse(self, client: Client, message: Message, error: Exception) -> None:
        sentence = str(error) if isinstance(error, LongtakeError) else "An error within Longtake."
        self._clients.error(
            client, (_request_id(message), code_of(error), sentence[:400], message.address)
        )


def _request_id(message: Message) -> str:
    """The request id that an error refers to, for commands that take one."""
    commands = find(message.address) if not is_pattern(message.address) else []
    asked = commands and commands[0].arguments and commands[0].arguments[0].name == "req"
    return str(message.arguments[0])[:80] if asked and message.arguments else ""
