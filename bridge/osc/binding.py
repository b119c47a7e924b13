"""Which addresses and ports are whose on this machine: takes our own, and learns of others' by trying to take them.

Knows nothing of packets.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from contextlib import suppress

from bridge.errors import BridgeError

RECEIVE_BUFFER = 4 * 1024**2
CONNECTIONS_WAITING = 128
"""TCP connections that the system holds until they are accepted."""
NEXT_PORTS = 20
_SO_RCVBUFFORCE = 33  # Linux: may exceed net.core.rmem_max, given the privilege.


class PortInUse(BridgeError):
    """The port is taken; `free` is the next one that is not."""

    def __init__(self, port: int, free: int) -> None:
        """Says which is taken and which is free."""
        offer = f"; {free} is free" if free else ""
        super().__init__("busy", f"Port {port} is in use by another program{offer} (osc.port).")
        self.free = free


def bind(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    """The UDP and the TCP socket of one port number; 0 takes a free one.

    Raises:
        PortInUse: naming the next free port.
        BridgeError: `bad_args` when the address is not one of this machine's.
    """
    for _ in range(NEXT_PORTS if port == 0 else 1):
        try:
            return _bind_both(host, port)
        except (OSError, ValueError, TypeError) as error:
            number = getattr(error, "errno", None)
            if number not in (errno.EADDRINUSE, errno.EACCES):
                why = getattr(error, "strerror", None) or "no name has this form"
                raise BridgeError(
                    "bad_args", f"{host:.80} is no address that can be listened on: {why}."
                ) from error
    raise PortInUse(port, _next_free(host, port))


def _bind_both(host: str, port: int) -> tuple[socket.socket, socket.socket]:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    udp = socket.socket(family, socket.SOCK_DGRAM)
    tcp = socket.socket(family, socket.SOCK_STREAM)
    try:
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        if udp.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) < RECEIVE_BUFFER:
            with suppress(OSError):
                udp.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER)
        udp.bind((host, port))
        if os.name == "posix":
            tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tcp.bind((host, udp.getsockname()[1]))
        tcp.listen(CONNECTIONS_WAITING)
    except (OSError, ValueError, TypeError):
        udp.close()
        tcp.close()
        raise
    return udp, tcp


def _next_free(host: str, port: int) -> int:
    for candidate in range(port + 1, min(port + 1 + NEXT_PORTS, 65_536)):
        with suppress(OSError):
            for sock in _bind_both(host, candidate):
                sock.close()
            return candidate
    return 0


def is_ours(host: str) -> bool:
    """Whether an address is one of this machine's."""
    return _bindable(host, 0)


def is_open(host: str, port: int) -> bool:
    """Whether a program on this machine has a UDP port; False for other machines, whose ports nobody can know."""
    if not is_ours(host):
        return False
    # Windows lets one address of a port be taken besides all of them together.
    every = "::" if ":" in host else "0.0.0.0"
    return not (_bindable(host, port) and _bindable(every, port))


def _bindable(host: str, port: int) -> bool:
    try:
        family = socket.AF_INET6 if ipaddress.ip_address(host).version == 6 else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.bind((host, port))
    except (OSError, ValueError):
        return False
    return True
