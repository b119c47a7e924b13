"""LoRA files as the common trainers write them, read into one form: which weights, and the low-rank tensors of each.

Read are those of Stable Audio 3's own trainer, of PEFT (a folder with `adapter_config.json`), of kohya's scripts, and
of ComfyUI and diffusers. Their names differ in prefixes and in dots or underscores only. Kinds that are no low-rank
sum (LoHa, LoKr, whole weights) are refused by name. Knows nothing of how they are merged (lora.py).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.errors import CheckpointError, choices
from engine.whole_files import read_text

KINDS = ("lora", "dora-rows", "dora-cols", "bora")
XS = "-xs"
PEFT_CONFIG, PEFT_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
_OWN = re.compile(r"(.+)\.parametrizations\.weight\.\d+\.(\w+)")
_OTHERS = re.compile(
    r"(.+?)\.(lora_A|lora_B|lora_down|lora_up|lora\.down|lora\.up|lora_magnitude_vector|dora_scale|alpha)"
    # PEFT may name the adapter.
    r"(?:\.(?!weight$|bias$)\w+)?(?:\.weight)?"
)
_SAME = {
    "lora_down": "lora_A",
    "lora.down": "lora_A",
    "lora_up": "lora_B",
    "lora.up": "lora_B",
    "lora_magnitude_vector": "magnitude",
    "dora_scale": "magnitude",
}
_TEXT = r"(^lora_te|text_encoder|text_model|^clip_)"
_UNLIKE = (
    (r"\.hada_", "LoHa"),
    (r"\.lokr_", "LoKr"),
    (r"\.lora_mid", "a LoCon with a Tucker core"),
    (r"\.lora_embedding", "a LoRA of embeddings"),
    (r"\.(oft|boft)_", "OFT"),
    (r"\.vera_", "VeRA"),
    (r"\.(diff|diff_b|set_weight)$", "whole weights"),
    (_TEXT, "a LoRA of the text encoder"),
)
_PREFIXES = re.compile(
    r"(base_model_model|lora_unet|lora_transformer|lycoris|diffusion_model|diffusion|unet|model|dit"
    r"|conditioner|transformer)_"
)


@dataclass(frozen=True, slots=True)
class Part:
    """What a file does to one weight.

    Attributes:
        kind: one of KINDS, perhaps with XS.
        rank: of the low-rank update.
        scale: of the update at strength 1: alpha by rank.
        tensors: `lora_A` [rank, inputs] and `lora_B` [outputs, rank], or `M_xs` with or without its bases `U` and `V`,
            and the trained lengths `magnitude`, `magnitude_r` and `magnitude_c`.
    """

    kind: str
    rank: int
    scale: float
    tensors: Mapping[str, Tensor]


def read_lora(path: Path) -> dict[str, Part]:
    """Reads a LoRA file, or a folder of PEFT: by the file's names of modules, what is done to each one's weight.

    Raises:
        CheckpointError: if it is missing, damaged, no LoRA, or of a kind that cannot be merged.
    """
    file = _file(path)
    try:
        with safe_open(file, "pt") as content:
            facts = content.metadata() or {}
            tensors = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or not a safetensors file.") from error
    modules: defaultdict[str, dict[str, Tensor]] = defaultdict(dict)
    own = any(_OWN.fullmatch(name) for name in tensors)
    for name, tensor in tensors.items():
        found = (_OWN if own else _OTHERS).fullmatch(name)
        if found is None or re.search(_TEXT, name):
            raise CheckpointError(_refusal(name, path))
        # PEFT's are always those of rows, in whatever shape; of others, the shape tells.
        part = tensor.flatten() if found[2] == "lora_magnitude_vector" else tensor
        modules[found[1]][_SAME.get(found[2], found[2])] = part
    if not modules:
        raise CheckpointError(f"{path} is an empty LoRA.")
    config = _config(facts, "lora_config", path) if own else _adapter(facts, modules, file)
    read = _own_part if own else _other_part
    return {name: read(name, parts, config, path) for name, parts in modules.items()}


def placed(names: Iterable[str], weights: Iterable[str]) -> dict[str, str | None]:
    """For each of a file's names the weight in this engine that it means, or None.

    Args:
        names: of modules, as in the file.
        weights: all names of a model's weights, such as `dit.transformer.project_in.weight`.
    """
    known = {
        _flat(name.split(".", 1)[1].removesuffix(".weight")): name
        for name in weights
        if name.startswith(("dit.", "conditioner.")) and name.endswith(".weight")
    }
    return {name: _place(_flat(name), known) for name in names}


def _place(name: str, known: Mapping[str, str]) -> str | None:
    rest = name
    while True:
        # An adapter of the inner transformer alone names its layers only.
        for key in (rest, f"transformer_{rest}"):
            if key in known:
                return known[key]
        prefix = _PREFIXES.match(rest)
        if prefix is None:
            return None
        rest = rest[prefix.end() :]


def _flat(name: str) -> str:
    return name.replace(".", "_")


def _file(path: Path) -> Path:
    file = path / PEFT_WEIGHTS if path.is_dir() else path
    if file.is_file() and file.suffix.lower() in (".pt", ".bin", ".ckpt", ".pth"):
        raise CheckpointError(
            f"{file} is a pickle, which may run anything; save it as safetensors where it was trained."
        )
    if file.is_file():
        return file
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder without {PEFT_WEIGHTS}, so it is no LoRA.")
    raise CheckpointError(f"The LoRA file {path} is missing.")


def _refusal(name: str, path: Path) -> str:
    for pattern, what in _UNLIKE:
        if re.search(pattern, name):
            return (
                f"{path} is or has {what} ({name}), which cannot be merged here; supported are low-rank LoRA and DoRA "
                "of the transformer and its conditioning."
            )
    return f"{path} is not a LoRA: it has a weight {name}."


def _config(facts: Mapping[str, str], name: str, path: Path) -> dict[str, Any]:
    try:
        config = json.loads(facts.get(name, "{}"))
    except ValueError as error:
        raise CheckpointError(f"{path} is damaged: its {name} is no JSON.") from error
    return config if isinstance(config, dict) else {}


def _adapter(
    facts: Mapping[str, str], modules: Mapping[str, Mapping[str, Tensor]], file: Path
) -> dict[str, Any]:
    """PEFT's configuration: beside the file, or in its header, where diffusers puts it."""
    beside = file.with_name(PEFT_CONFIG)
    if beside.is_file():
        try:
            config = json.loads(read_text(beside))
            kind = config.get("peft_type", "LORA")
        except (OSError, ValueError, AttributeError) as error:
            raise CheckpointError(f"{beside} is damaged: {error}.") from error
        if kind != "LORA":
            raise CheckpointError(f"{file.parent} is an adapter of the kind {kind}, not a LoRA.")
        return config
    header = _config(facts, "lora_adapter_metadata", file)
    if header:
        return {name.rpartition(".")[2]: value for name, value in header.items()}
    if any(name.startswith("base_model.") and "alpha" not in m for name, m in modules.items()):
        raise CheckpointError(
            f"{file} is an adapter of PEFT without its {PEFT_CONFIG}, which says how strong it is; put it beside."
        )
    return {}


def _own_part(
    name: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any], path: Path
) -> Part:
    kind = str(config.get("adapter_type", "lora"))
    if kind == "dora":
        # Old files do not distinguish rows and columns; the shape does.
        kind = _dora(tensors) if "magnitude" in tensors else "dora-rows"
    if kind.removesuffix(XS) not in KINDS:
        raise CheckpointError(
            f"{path} is a LoRA of the kind {kind!r}; supported are {choices(KINDS)}."
        )
    rank = _number(config.get("rank"), "rank", path) or _rank(name, tensors, path)
    alpha = _number(config.get("alpha"), "alpha", path) or rank
    return Part(kind, int(rank), alpha / rank, tensors)


def _other_part(
    name: str, tensors: Mapping[str, Tensor], config: Mapping[str, Any], path: Path
) -> Part:
    rank = _rank(name, tensors, path)
    alpha = config.get("lora_alpha", rank)
    for pattern, value in dict(config.get("alpha_pattern") or {}).items():
        if re.fullmatch(rf"(?:.*\.)?{pattern}", name):
            alpha = value
    alpha = _number(alpha, "alpha", path)
    tensors = dict(tensors)
    if "alpha" in tensors:
        alpha = float(tensors.pop("alpha"))
    kind = _dora(tensors) if "magnitude" in tensors else "lora"
    return Part(kind, rank, alpha / (rank**0.5 if config.get("use_rslora") else rank), tensors)


def _dora(tensors: Mapping[str, Tensor]) -> str:
    lengths = tensors["magnitude"]
    columns = lengths.ndim > 1 and lengths.shape[0] == 1 < lengths.numel()
    return "dora-cols" if columns else "dora-rows"


def _rank(name: str, tensors: Mapping[str, Tensor], path: Path) -> int:
    for part in ("lora_A", "M_xs"):
        if part in tensors and tensors[part].ndim > 1:
            return max(tensors[part].shape[0], 1)
    raise CheckpointError(f"{path} has no LoRA matrices for {name}.")


def _number(value: Any, what: str, path: Path) -> float:
    try:
        return float(value or 0)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"{path} has {what} {value!r}, which is no number.") from error
