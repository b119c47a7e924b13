"""OSC address patterns of `*` and `?`, matched without regular expressions, so that no pattern takes long.

`[]` and `{}` are not read as patterns. Knows nothing of commands.
"""

from __future__ import annotations

MAX_STARS = 4


def is_pattern(address: str) -> bool:
    """Whether an address may match several."""
    return "*" in address or "?" in address


def simplified(pattern: str) -> str:
    """The same pattern with every run of stars reduced to one."""
    while "**" in pattern:
        pattern = pattern.replace("**", "*")
    return pattern


def matches(pattern: str, address: str) -> bool:
    """Whether an address matches part by part; each star costs at most the length of its part."""
    if pattern.count("*") > MAX_STARS:
        return False
    parts, names = pattern.split("/"), address.split("/")
    return len(parts) == len(names) and all(map(_part_matches, parts, names))


def _part_matches(pattern: str, name: str) -> bool:
    if len(pattern) - pattern.count("*") > len(name):
        return False
    at = in_name = 0
    star = -1
    resume = 0
    while in_name < len(name):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, in_name
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", name[in_name]):
            at, in_name = at + 1, in_name + 1
        elif star >= 0:
            resume += 1
            at, in_name = star + 1, resume
        else:
            return False
    return pattern[at:].strip("*") == ""
