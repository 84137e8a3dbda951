"""Where the tokens come from: a file, a folder, rows, or our own text; too little is said and not stretched."""

import json
from pathlib import Path

import numpy as np
import pytest

from artifacts import TINY
from families import make_family
from trueup.adapters.parity.texts import read_texts, token_windows
from trueup.core.digests import Digest
from trueup.core.errors import PermanentError
from trueup.desired.parity import RequiredParity


def required(sequences: int, seq_len: int) -> RequiredParity:
    return RequiredParity(Digest("k"), None, sequences, seq_len, 1.0, 0.0)


def test_our_own_text_is_enough_for_the_default_and_more() -> None:
    assert token_windows(TINY / "v2", None, required(16, 256)).shape == (16, 256)
    assert token_windows(TINY / "v2", None, required(64, 512)).shape == (64, 512)


def test_windows_follow_one_another_without_a_gap() -> None:
    short = token_windows(TINY / "v2", TINY / "heldout.txt", required(4, 64))
    long = token_windows(TINY / "v2", TINY / "heldout.txt", required(2, 128))
    np.testing.assert_array_equal(short.reshape(-1), long.reshape(-1))


def test_a_leading_token_takes_a_place_in_every_window(tmp_path: Path) -> None:
    folder = make_family("llama", tmp_path / "model")
    plain = token_windows(folder, None, required(2, 63))
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, "add_bos_token": True}))
    led = token_windows(folder, None, required(2, 64))
    assert (led[:, 0] == 1).all()
    np.testing.assert_array_equal(led[:, 1:], plain)


@pytest.mark.parametrize(("sequences", "length"), [(10_000, 256), (1, 1)])
def test_too_little_text_is_an_error_that_says_how_much_there_is(sequences: int, length: int) -> None:
    with pytest.raises(PermanentError) as refused:
        token_windows(TINY / "v2", TINY / "heldout.txt", required(sequences, length))
    assert refused.value.code.id == "PAR003"
    assert "tokens" in refused.value.detail


def test_rows_are_read_in_the_order_in_which_they_are_said(tmp_path: Path) -> None:
    rows = [
        {"prompt": "Who?", "expected": ["Ada", "Grace"]},
        {"messages": [{"role": "user", "content": "Where?"}, {"role": "assistant"}], "expected": "Here"},
        {"text": "A tale."},
        {"text": 7},
        "no object",
    ]
    (tmp_path / "b.jsonl").write_text("\n\n".join(json.dumps(r) for r in rows))
    (tmp_path / "a.txt").write_text("First.")
    (tmp_path / "c.csv").write_text("not,read")
    assert "".join(read_texts(tmp_path)) == "First.Who?\nAda\nWhere?\nHere\nA tale.\n"


@pytest.mark.parametrize(
    ("name", "content", "word"),
    [
        ("x.jsonl", b'{"id": 1}\n', "neither"),
        ("x.txt", b"  \n", "neither"),
        ("x.jsonl", b'{"text": "a"}\n{', "x.jsonl:2"),
        ("x.jsonl", b"[" * 100_000, "x.jsonl:1"),
        ("x.txt", b"\xff\xfe", "UTF-8"),
        ("x.parquet", b"\xff\xfe", "UTF-8"),
    ],
)
def test_what_has_no_text_is_refused(tmp_path: Path, name: str, content: bytes, word: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(PermanentError) as refused:
        list(read_texts(tmp_path / name))
    assert refused.value.code.id == "PAR004"
    assert word in refused.value.detail


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="neither"):
        list(read_texts(tmp_path))


def test_a_sequence_of_one_token_is_told_to_be_longer() -> None:
    with pytest.raises(PermanentError) as refused:
        token_windows(TINY / "v2", None, required(4, 1))
    assert (refused.value.code.id, refused.value.hint) == ("PAR003", "ask for a `seqLen` of at least 2")
