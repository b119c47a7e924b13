"""Who may talk to the bridge, and which files they may name.

Knows nothing of sockets or messages. By default only this machine may send. To admit others takes three things: an
address to listen on, an allow-list of hosts, and a token that each host sends once. Which files they are is said in
`files.py`.
"""

from __future__ import annotations

import hmac
import ipaddress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from bridge.errors import BridgeError
from bridge.osc.files import AllowedFiles
from bridge.osc.tries import Tries

MIN_TOKEN = 8

Entry = Literal["in", "token", "out"]


@dataclass(frozen=True, slots=True)
class OscOptions:
    """How the OSC server listens.

    Attributes:
        host: address to bind; anything but 127.0.0.1 needs `hosts` and `token`.
        port: of UDP and TCP; 0 takes a free one.
        query_port: of OSCQuery over HTTP, on this machine only; None leaves it out, 0 takes a free one.
        hosts: addresses or networks (`192.168.1.0/24`) that may talk besides this machine.
        token: what each of them must send first.
        folders: where files named by messages must lie.
        subscription: seconds that events go to a client unless it asks again; while it is known to listen, they go on.
    """

    host: str = "127.0.0.1"
    port: int = 9440
    query_port: int | None = 9442
    hosts: tuple[str, ...] = ()
    token: str = ""
    folders: tuple[Path, ...] = ()
    subscription: float = 60.0


class Access:
    """The rules of `OscOptions`, and which hosts have shown the token."""

    def __init__(self, options: OscOptions) -> None:
        """Reads the rules.

        Raises:
            BridgeError: `bad_args` when the bridge would listen to other machines without allow-list or token.
        """
        self._token = options.token.strip()
        self._tries = Tries()
        self.files = AllowedFiles(options.folders)
        self._networks = [_network(host) for host in options.hosts]
        self._shown: set[str] = set()
        self.remote = not is_loopback(options.host)
        if self.remote and not (self._networks and _letters(self._token) >= MIN_TOKEN):
            raise BridgeError(
                "bad_args",
                f"To listen on {options.host}, name the hosts that may talk and a token of at least "
                f"{MIN_TOKEN} characters.",
            )

    def entry(self, host: str) -> Entry:
        """Whether a host is heard, must show the token first, or is not answered at all."""
        if is_loopback(host):
            return "in"
        if not self.remote or not self.listed(host):
            return "out"
        return "in" if host in self._shown else "token"

    def listed(self, host: str) -> bool:
        """Whether the allow-list names a host."""
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return False
        return any(address in network for network in self._networks)

    def admits(self, host: str) -> bool:
        """Whether a packet from a host is read now; one that has yet to show the token may send a few a second."""
        entry = self.entry(host)
        return entry == "in" or (entry == "token" and self._tries.may_send(host))

    def show(self, host: str, token: str) -> bool:
        """Checks a token sent by a host on the allow-list; True if it is the right one.

        Raises:
            BridgeError: `busy` when the host has sent wrong ones and must wait.
        """
        wait = self._tries.wait(host)
        if wait > 0:
            raise BridgeError("busy", f"Wrong tokens came from {host}; try again in {wait:.0f} s.")
        given = token.strip().encode(errors="replace")
        right = bool(self._token) and hmac.compare_digest(given, self._token.encode())
        self._tries.tried(host, right)
        if right:
            self._shown.add(host)
        return right


def _letters(token: str) -> int:
    """How many characters of a token can be seen: spaces and the like make none."""
    return sum(character.isprintable() and not character.isspace() for character in token)


@lru_cache(1024)
def is_loopback(host: str) -> bool:
    """Whether an address is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _network(host: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    try:
        return ipaddress.ip_network(host, strict=False)
    except ValueError:
        raise BridgeError(
            "bad_args", f"{host!r} is no address or network, as 192.168.1.20 or 192.168.1.0/24."
        ) from None
