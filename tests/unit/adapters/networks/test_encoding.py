"""Text to tokens: as the package `tokenizers` does it, without it where the rule is known."""

import json
import random
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from artifacts import REPOSITORY, TINY
from families import make_family
from trueup.adapters.networks.encoding import encoder_of
from trueup.adapters.parity.texts import NEUTRAL
from trueup.core.digests import digest_of, digest_of_bytes
from trueup.core.errors import PermanentError
from trueup.desired.parity import NEUTRAL_TEXT

GOLDEN = REPOSITORY / "tests" / "golden" / "families" / "tokens.json"
ODD = (
    "naïve café 北京 １２３ ½ ² \x1c\x1d a\u00a0b\u2003c  \r\n\n  x  <|im_start|>user\nI'LL don't 12345 ①Ⅷ "
    "e\u0301 मनी 😀\t\t. 's's  end   "
)
SIGNS = "ab1 2\n\t'sZé北½①.,-\u00a0\u2003\r_<"


def models(folder: Path) -> dict[str, Path]:
    """Return one model for each rule by which text is cut into words."""
    smol = make_family("llama-tied", folder / "smollm")
    document = json.loads((smol / "tokenizer.json").read_text())
    steps = [{"type": "Digits", "individual_digits": True}, document["pre_tokenizer"]]
    document["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": steps}
    (smol / "tokenizer.json").write_text(json.dumps(document))
    return {
        "gpt-2": TINY / "v2",
        "smollm": smol,
        "llama-bpe": make_family("mistral", folder / "llama-bpe"),
        "qwen2": make_family("qwen2", folder / "qwen2"),
    }


def samples() -> list[str]:
    drawn = random.Random(7)
    return [ODD, *("".join(drawn.choice(SIGNS) for _ in range(drawn.randrange(1, 16))) for _ in range(300))]


@pytest.mark.parametrize("rule", ["gpt-2", "smollm", "llama-bpe", "qwen2"])
def test_tokens_are_those_of_the_package(tmp_path: Path, rule: str) -> None:
    encode, first = encoder_of(models(tmp_path)[rule])
    golden = json.loads(GOLDEN.read_text())[rule]
    assert first is None
    assert encode(ODD) == golden["odd"]
    assert digest_of([encode(text) for text in samples()]) == golden["samples"]
    assert digest_of(encode(NEUTRAL.read_text())) == golden["neutral"]


@pytest.mark.torch
def test_the_golden_tokens_are_the_packages(tmp_path: Path, update_golden: bool) -> None:
    tokenizers = pytest.importorskip("tokenizers", reason="needs the `transformers` extra")
    found: dict[str, Any] = {}
    for rule, folder in models(tmp_path).items():
        packaged = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        odd, neutral, *more = [
            packaged.encode(text, add_special_tokens=False).ids for text in (ODD, NEUTRAL.read_text(), *samples())
        ]
        found[rule] = {"odd": odd, "samples": digest_of(more), "neutral": digest_of(neutral)}
    if update_golden:
        GOLDEN.write_text(json.dumps(found) + "\n")
    assert found == json.loads(GOLDEN.read_text())


@pytest.mark.skipif(find_spec("tokenizers") is not None, reason="the package is there")
def test_another_tokenizer_needs_the_package(tmp_path: Path) -> None:
    folder = make_family("llama", tmp_path / "model")
    document = json.loads((folder / "tokenizer.json").read_text())
    document["pre_tokenizer"] = {"type": "Metaspace"}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    with pytest.raises(PermanentError) as refused:
        encoder_of(folder)
    assert refused.value.code.id == "PAR005"


def test_the_package_reads_other_tokenizers_where_it_is_installed(tmp_path: Path) -> None:
    pytest.importorskip("tokenizers", reason="needs the `transformers` extra")
    folder = make_family("llama", tmp_path / "model")
    document = json.loads((folder / "tokenizer.json").read_text())
    document["pre_tokenizer"] = {"type": "Whitespace"}
    (folder / "tokenizer.json").write_text(json.dumps(document))
    encode, first = encoder_of(folder)
    assert encode("the fox")
    assert first is None


def test_a_leading_token_goes_before_every_sequence(tmp_path: Path) -> None:
    folder = make_family("llama", tmp_path / "model")
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "add_bos_token": True}))
    _, first = encoder_of(folder)
    assert first == 1


def test_the_text_that_ships_is_the_one_that_keys_name() -> None:
    assert digest_of_bytes(NEUTRAL.read_bytes()) == NEUTRAL_TEXT
