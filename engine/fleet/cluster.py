"""A Ray cluster: found by its address, or started on this machine for as long as it is used; and its shares.

Knows nothing of engines but how much of a machine each gets.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from engine.errors import LongtakeError, SpecError

LOCAL = "local"
CORES = 4
"""Cores of an engine on CPUs: with more, each adds less."""
ANSWERS = 5.0
"""Seconds in which a cluster's machine answers: Ray would wait for one that does not for minutes."""
_ADDRESS = re.compile(r"local|auto|(ray://)?(?P<host>[^\s/:]+):(?P<port>\d{1,5})")


@dataclass(frozen=True, slots=True)
class Share:
    """What each of several engines has of the cluster: cores, and a GPU or none."""

    engines: int
    cpus: int
    gpus: int = 0


def address_of(text: str) -> str:
    """The address of a cluster as Ray takes it: `ray:` and nothing mean one of our own on this machine.

    Raises:
        SpecError: if it is none.
    """
    address = text.strip()
    if address in ("", "ray:"):
        return LOCAL
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise SpecError(
            f"A cluster is found by HOST:PORT, ray://HOST:PORT, auto or local; it is {text[:80]!r}."
        )
    if match["port"] and not 1 <= int(match["port"]) <= 65535:
        raise SpecError(f"The port of a cluster is 1 to 65535; it is {match['port']}.")
    return address


def imported(address: str = "") -> Any:
    """The module `ray`, with `ray.data`; for a cluster of this machine alone, if that is its address.

    Raises:
        SpecError: if it is not installed.
    """
    if address == LOCAL:
        # Ray decides when it is imported whether its processes listen on 127.0.0.1 or everywhere.
        os.environ.setdefault("RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER", "0")
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # What its processes write down is in their own logs; only what we make of it is for people.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise SpecError(
            "Engines on a cluster need Ray, which is not installed: it comes with longtake[cluster]."
        ) from error
    for name in ("ray", "ray.data", "ray.util.client"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return ray


@contextmanager
def cluster(address: str) -> Iterator[Any]:
    """Gives the module `ray`, connected; a cluster that is started here ends with the block.

    A process that is connected already stays so.

    Args:
        address: as `address_of` gives it.

    Raises:
        SpecError: if Ray is not installed.
        LongtakeError: if the cluster cannot be reached.
    """
    ray = imported(address)
    if ray.is_initialized():
        yield ray
        return
    connect(ray, address)
    try:
        yield ray
    finally:
        ray.shutdown()


def connect(ray: Any, address: str, **options: Any) -> None:
    """Connects this process, or starts a cluster of this machine.

    Args:
        ray: the module.
        address: as `address_of` gives it.
        **options: for `ray.init`.

    Raises:
        LongtakeError: if the cluster cannot be reached.
    """
    _knock(address)
    options |= {"log_to_driver": False, "configure_logging": False}
    if address == LOCAL:
        options["include_dashboard"] = False
    try:
        with _own_signals(), _same_search_path(), _silence():
            ray.init(address=address, **options)
    except Exception as error:  # Ray raises what its transport does.
        why = str(error).strip().splitlines() or [type(error).__name__]
        # A server that asks for a token answers nobody without one, so Ray knows of no more than the silence.
        token = os.environ.get("RAY_AUTH_MODE") != "token" and address.startswith("ray://")
        hint = "; if it asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" * token
        raise LongtakeError(
            f"The cluster {address} cannot be reached: {why[0][:200].rstrip('.')}{hint}."
        ) from error


def _knock(address: str) -> None:
    """Checks that something listens at the address of a cluster, if it has one.

    Raises:
        LongtakeError: if not.
    """
    match = _ADDRESS.fullmatch(address)
    if match is None or not match["port"]:
        return
    try:
        socket.create_connection((match["host"], int(match["port"])), ANSWERS).close()
    # A name with a label that is empty or too long is no IDNA.
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise LongtakeError(
            f"The cluster {address} cannot be reached: {why}; start one there with 'ray start --head'."
        ) from error


def shares(nodes: Sequence[Mapping[str, float]], device: str, engines: int | None = None) -> Share:
    """How many engines there are, and what each has: one a GPU, or else one for some cores.

    Args:
        nodes: what each machine has, as Ray counts it: "CPU", "GPU".
        device: as `Engine` takes it; auto are the GPUs, if there are any.
        engines: how many are asked for; None for as many as there is room for.

    Raises:
        SpecError: if there is no room for so many, or no GPU for the device.
    """
    cpus = [int(node.get("CPU", 0)) for node in nodes]
    gpus = sum(int(node.get("GPU", 0)) for node in nodes)
    if device.startswith("cuda") and not gpus:
        raise SpecError("No machine of the cluster has a GPU that Ray knows of; take --device cpu.")
    on_gpus = gpus > 0 and device in ("auto", "cuda")
    most = gpus if on_gpus else sum(cpus)
    usual = gpus if on_gpus else sum(-(-count // CORES) for count in cpus)
    wanted = engines or usual
    if not 1 <= wanted <= most:
        kind = "GPUs" if on_gpus else "cores"
        raise SpecError(f"The cluster has {most} {kind}; so many engines it takes, not {wanted}.")
    if on_gpus:
        return Share(wanted, 1, 1)
    # The largest that finds room often enough: an engine is on one machine.
    fitting = (n for n in range(max(cpus), 0, -1) if sum(c // n for c in cpus) >= wanted)
    return Share(wanted, next(fitting))


def nodes_of(ray: Any) -> list[Mapping[str, float]]:
    """What each machine of the connected cluster has."""
    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


@contextmanager
def _own_signals() -> Iterator[None]:
    """Ray would end the process at SIGTERM in its own way."""
    kept: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _same_search_path() -> Iterator[None]:
    """What is importable here is so in the processes of a cluster that is started here."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(path or os.getcwd() for path in sys.path)
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


@contextmanager
def _silence() -> Iterator[None]:
    """Ray says on standard error that it was asked to say nothing."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "w") as nothing:
            os.dup2(nothing.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
