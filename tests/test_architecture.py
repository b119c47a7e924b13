"""Laws of the whole: what may import what, how long things may be, what nobody may do.

The layers of the wings stand in pyproject.toml, where the import linter reads them too. Exceptions are named here with
their reason.
"""

from __future__ import annotations

import ast
import dataclasses
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from engine.registry import MODELS, AdaptiveDiTConfig, DiTConfig

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path.relative_to(ROOT).as_posix()
    for top in ("engine", "bridge", "gui", "benchmarks", "run.py", "longtake.py")
    for path in ([ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"))
)
TESTS = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "tests").rglob("*.py"))

FILE_LINES, TEST_FILE_LINES, FUNCTION_LINES = 350, 450, 60
LONG_FILES = {"run.py": "one file by design: it runs before anything is installed"}
LONG_FUNCTIONS = {"benchmarks/_peer.py:official": "the official configurations, written out"}

WITHOUT_TORCH = (
    "engine",
    "engine.errors",
    "engine.spec",
    "engine.batching",
    "engine.updates",
    "engine.registry",
    "engine.presets",
    "engine.sound.audio",
    "engine.sound.metering",
    "engine.sound.takes",
    "engine.model_files",
    "engine.cli.main",
    "bridge.session",
    "bridge.events",
)
"""What the panel and the bridge stand on."""

PANEL_MAY_IMPORT = re.compile(
    r"gui\b|bridge\.(session|events|state|live_state|delivery_state|stored|errors|ports|requests|takes\.naming)\b"
    # Where files lie, what the settings say, and a file of them that is broken.
    r"|bridge\.(places|settings|broken_file|delivery\.targets)\b|engine\.(__version__|disks)\b"
    r"|engine\.(composing|spec|live_settings|presets|registry|reference_level|errors|sound\.(audio|metering|reading)|updates|model_files)\b"
)
COMPOSITION_ROOTS = {
    "gui/__main__.py": "builds the bridge that the panel shows",
    "gui/demo/studio.py": "builds the one that `longtake panel --demo` shows",
}
INSIDE_DAWS = "bridge/companions/"
"""Runs inside other programs, and is no part of ours."""
FACTS = {"latent_channels": "what the autoencoder gives, not a choice of the transformer"}
"""Fields of a network's configuration that are no option."""


@cache
def parsed(path: str) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


def imports(path: str) -> Iterator[str]:
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def calls(path: str) -> list[tuple[str, ast.Call]]:
    nodes = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))
    return [(ast.unparse(node.func), node) for node in nodes]


def modules() -> dict[str, str]:
    """Dotted name -> file, of the three packages."""
    return {
        path.removesuffix(".py").removesuffix("/__init__").replace("/", "."): path
        for path in SOURCES
        if path.startswith(("engine/", "bridge/", "gui/")) and not path.startswith(INSIDE_DAWS)
    }


def arrows() -> Iterator[tuple[str, str]]:
    """(importing, imported) module, also where the import stands inside a function."""
    known = modules()
    for module, path in known.items():
        for name in imports(path):
            while name not in known and "." in name:
                name = name.rpartition(".")[0]
            if name in known:
                yield module, name


def wings(package: str) -> dict[str, set[str]]:
    """Wing or module directly inside a package -> those beside it that it imports."""
    start = package + "."
    inside = {
        name.removeprefix(start).split(".")[0] for name in modules() if name.startswith(start)
    }
    found: dict[str, set[str]] = {name: set() for name in inside}
    for source, target in arrows():
        if source.startswith(start) and target.startswith(start):
            above, below = (name.removeprefix(start).split(".")[0] for name in (source, target))
            if above != below:
                found[above].add(below)
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """One way round, if there is any."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return error.args[1]
    return []


def test_no_circle_between_modules() -> None:
    graph: dict[str, set[str]] = {name: set() for name in modules()}
    for source, target in arrows():
        if source != target:
            graph[source].add(target)
    assert circle(graph) == []


@pytest.mark.parametrize(
    "package",
    sorted(name for name, path in modules().items() if path.endswith("/__init__.py")),
)
def test_no_circle_between_wings(package: str) -> None:
    assert circle(wings(package)) == []


@pytest.mark.parametrize("package", ["engine", "bridge", "gui"])
def test_every_wing_stands_on_a_layer_and_imports_point_down(package: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in project["tool"]["importlinter"]["contracts"]
        if contract.get("containers") == [package]
    )
    floors = list(reversed(layers))
    floor = {wing: at for at, names in enumerate(floors) for wing in names.split(" | ")}
    found = wings(package)
    assert set(floor) == set(found)
    assert {
        (above, below)
        for above, targets in found.items()
        for below in targets
        if floor[above] <= floor[below]
    } == set()


def test_what_the_panel_stands_on_loads_no_torch() -> None:
    code = (
        "import importlib, sys\n"
        f"for name in {WITHOUT_TORCH}:\n"
        "    importlib.import_module(name)\n"
        "    heavy = {'torch', 'transformers', 'scipy'} & set(sys.modules)\n"
        "    assert not heavy, f'{name} loads {heavy}'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_panel_knows_the_session_and_the_tables_only() -> None:
    own = re.compile(r"(engine|bridge|gui)\b")
    found = {
        path: bad
        for path in SOURCES
        if path.startswith("gui/") and path not in COMPOSITION_ROOTS
        if (bad := [n for n in imports(path) if own.match(n) and not PANEL_MAY_IMPORT.match(n)])
    }
    assert found == {}


@pytest.mark.parametrize("config", [DiTConfig, AdaptiveDiTConfig])
def test_a_field_of_a_configuration_takes_two_values_among_the_registered_models(
    config: type,
) -> None:
    """An option of a network earns its place (design.md, decision 3)."""
    used = list(_used(config, tuple(MODELS.values())))
    for field in dataclasses.fields(config):
        if field.name in FACTS:
            continue
        values = {repr(getattr(one, field.name)) for one in used}
        assert len(values) > 1, f"{config.__name__}.{field.name} is {values.pop()} in all models"


def _used(config: type, inside: object) -> Iterator[object]:
    """Every instance of a configuration in the registered models."""
    if isinstance(inside, config):
        yield inside
    if isinstance(inside, tuple):
        for item in inside:
            yield from _used(config, item)
    elif dataclasses.is_dataclass(inside) and not isinstance(inside, type):
        for field in dataclasses.fields(inside):
            yield from _used(config, getattr(inside, field.name))


def test_nobody_draws_from_a_global_generator() -> None:
    seeding = {"torch.manual_seed", "random.seed", "np.random.seed", "numpy.random.seed"}
    drawing = re.compile(r"(np|numpy)\.random\.(?!default_rng|Generator|PCG64|SeedSequence)")
    assert [
        f"{path}:{call.lineno}: {name}"
        for path in (*SOURCES, *TESTS)
        for name, call in calls(path)
        if name in seeding or drawing.match(name)
    ] == []


def test_no_pickle_is_ever_opened() -> None:
    pickles = {"pickle", "dill", "joblib", "shelve"}
    assert [
        f"{path}: {name}"
        for path in SOURCES
        for name in imports(path)
        if name.split(".")[0] in pickles
    ] == []
    loads = [
        (f"{path}:{call.lineno}", {word.arg: ast.unparse(word.value) for word in call.keywords})
        for path in SOURCES
        for name, call in calls(path)
        if name == "torch.load"
    ]
    assert [place for place, options in loads if options.get("weights_only") != "True"] == []


def test_files_and_functions_are_short() -> None:
    lines = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path for path, count in lines.items() if count > FILE_LINES} <= set(LONG_FILES)
    tests = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in TESTS}
    assert {path for path, count in tests.items() if count > TEST_FILE_LINES} == set()
    functions = {
        f"{path}:{node.name}"
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        and (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES
    }
    assert functions <= set(LONG_FUNCTIONS)


def test_names_are_the_fields_own() -> None:
    vague = re.compile(r"(utils?|helpers?|common|misc)\.py$|_v2")
    assert [path for path in SOURCES if vague.search(path)] == []
    classes = [
        f"{path}:{node.name}"
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and re.search("(Manager|Wrapper|Handler)$", node.name)
    ]
    assert classes == []


def test_importing_a_module_does_nothing() -> None:
    """At the top level stand definitions; a bare call there would be work done on import."""
    assert [
        f"{path}:{node.lineno} calls {ast.unparse(node.value.func)} on import"
        for path in SOURCES
        for node in parsed(path).body
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    ] == []


def test_nothing_is_left_undone() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    left = [
        f"{path}:{number}"
        for path in SOURCES
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if marks.search(line)
    ]
    assert left == []


def test_exact_pins_exist_for_everything_that_is_required() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    # CUDA's own packages are built for the machine at hand.
    required = project["dependencies"] + [
        r for name in extras if name != "cuda" for r in extras[name]
    ]
    names = {re.split(r"[\s\[<>=;~!]", line)[0].lower().replace("_", "-") for line in required}
    pins = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {line.split("==")[0].lower().replace("_", "-") for line in pins if "==" in line}
    assert names - {"longtake"} <= pinned
    assert [line for line in pins if line and not re.fullmatch(r"#.*|[\w.-]+==[\w.]+", line)] == []
