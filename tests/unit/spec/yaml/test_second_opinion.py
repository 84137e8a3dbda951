"""ruamel.yaml must see an edit at its place and nowhere else."""

import subprocess
import sys

import pytest

from trueup.spec.yaml.second_opinion import LARGEST_CHARACTERS, agrees, reads_as

FILE = "# who\nkind: A\nspec:\n  release: {model: tiny@1, prompt: support@1}\n  list: [a, b]\n---\nkind: B\n"
MODEL = ("spec", "release", "model")


@pytest.mark.parametrize(
    ("old", "new", "path", "text"),
    [
        ("tiny@1", "tiny@2", MODEL, "tiny@2"),
        ("tiny@1", "'tiny@2'", MODEL, "tiny@2"),
        (", prompt: support@1", "", ("spec", "release", "prompt"), None),
        ("support@1}", "support@1, build: q8@1}", ("spec", "release", "build"), "q8@1"),
        ("[a, b]", "[a, c]", ("spec", "list", 1), "c"),
        ("kind: A", "kind: Z", ("kind",), "Z"),
        ("kind: B", "kind: Z", ("kind",), "Z"),
        ("tiny@1", "tiny@1", MODEL, "tiny@1"),
        ("# who", "# whom", MODEL, None),
        ("tiny@1", "3", MODEL, None),
    ],
)
def test_one_difference_at_its_place_is_agreed_to(old, new, path, text):
    assert agrees(FILE, FILE.replace(old, new, 1), path, text)


@pytest.mark.parametrize(
    ("after", "path", "text"),
    [
        (FILE.replace("tiny@1", "tiny@2"), ("spec", "release", "prompt"), None),
        (FILE.replace("tiny@1", "tiny@2").replace("[a, b]", "[a]"), MODEL, "tiny@2"),
        (FILE.replace("[a, b]", "[a]"), ("spec", "list", 1), None),
        (FILE.replace("kind: A", "kind: Z").replace("kind: B", "kind: Z"), ("kind",), "Z"),
        (FILE.replace("tiny@1", "tiny@2"), MODEL, "tiny@3"),
        (FILE.replace("[a, b]", "{a: b}"), MODEL, None),
        (FILE + "---\nkind: C\n", MODEL, None),
        (FILE.replace("tiny@1", "'tiny@2"), MODEL, "tiny@2"),
        (FILE.replace("kind: A\n", "") + "spec2: 1\n", ("kind",), None),
        ("spec: {}\n" + FILE, MODEL, None),
        (FILE, ("spec", "nothing"), "text"),
        (FILE, ("kind", "below"), "text"),
    ],
)
def test_anything_else_is_not(after, path, text):
    assert not agrees(FILE, after, path, text)


@pytest.mark.parametrize(
    ("new", "path", "value", "items"),
    [
        ("[n, a, b]", ("spec", "list", 0), "n", 1),
        ("[a, {k: [1, x]}, b]", ("spec", "list", 1), {"k": [1, "x"]}, 1),
        ("[b]", ("spec", "list", 0), None, -1),
        ("[a, {k: v}]", ("spec", "list", 1), {"k": "v"}, 0),
    ],
)
def test_an_item_that_comes_or_goes_moves_the_others(new, path, value, items):
    assert agrees(FILE, FILE.replace("[a, b]", new), path, value, items=items)


@pytest.mark.parametrize(
    ("new", "path", "value", "items"),
    [
        ("[a, n, b]", ("spec", "list", 0), "n", 1),
        ("[a, b]", ("spec", "list", 0), "a", 1),
        ("[a]", ("spec", "list", 0), None, -1),
        ("[n, m, a, b]", ("spec", "list", 0), "n", 1),
        ("[n, a, c]", ("spec", "list", 0), "n", 1),
        ("[{k: v, l: w}, a, b]", ("spec", "list", 0), {"k": "v"}, 1),
        ("[{l: w, k: v}, a, b]", ("spec", "list", 0), {"k": "v", "l": "w"}, 1),
        ("[[x, y], a, b]", ("spec", "list", 0), ["x"], 1),
        ("[[x], a, b]", ("spec", "list", 0), ["y"], 1),
        ("[x, a, b]", ("spec", "list", 0), ["x"], 1),
        ("[[x], a, b]", ("spec", "list", 0), 5, 1),
    ],
)
def test_another_item_than_the_one_that_was_meant_is_seen(new, path, value, items):
    assert not agrees(FILE, FILE.replace("[a, b]", new), path, value, items=items)


READ = "a: 1\nb: &x [x, '5', 5, ~, true, 1.5]\nc: *x\n"
MEANT = {"a": 1, "b": ["x", "5", 5, None, True, 1.5], "c": ["x", "5", 5, None, True, 1.5]}


def test_a_text_that_reads_as_it_is_meant_is_agreed_to_at_once():
    assert reads_as(READ, {0: MEANT})
    assert reads_as("---\n# nothing\n---\n" + READ + "---\nb: &x 2\nd: *x\n", {1: MEANT, 2: {"b": 2, "d": 2}})


@pytest.mark.parametrize(
    "meant",
    [
        {},
        {0: MEANT, 1: None},
        {0: {**MEANT, "a": True}},
        {0: {**MEANT, "a": "x"}},
        {0: {**MEANT, "a": 2}},
        {0: {**MEANT, "a": [1]}},
        {0: {**MEANT, "b": {"x": 1}}},
        {0: {**MEANT, "b": ["x", 5, 5, None, True, 1.5]}},
        {0: {**MEANT, "b": [*MEANT["b"], 1]}},
        {0: {**MEANT, "b": MEANT["b"][:-1]}},
        {0: {**MEANT, "c": "x"}},
        {0: {"b": MEANT["b"], "a": 1, "c": MEANT["c"]}},
        {0: {**MEANT, "d": 1}},
    ],
)
def test_any_other_meaning_is_not_what_it_reads(meant):
    assert not reads_as(READ, meant)


def test_what_it_cannot_read_or_is_too_long_is_not_agreed_to_at_once():
    assert not reads_as("a: [\n", {0: {"a": []}})
    assert reads_as("a: 1\n", {0: {"a": 1}})
    assert not reads_as("a: 1\n" + "# long\n" * LARGEST_CHARACTERS, {0: {"a": 1}})


def test_keys_that_change_places_are_a_difference():
    assert not agrees("a: 1\nb: 2\n", "b: 2\na: 1\n", ("a",), None)


def test_what_aliases_share_is_looked_at_once():
    layers = "a0: &a0 [x, x]\n" + "".join(
        f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}, *a{n - 1}]\n" for n in range(1, 40)
    )  # fmt: skip
    assert agrees(layers + "b: 1\n", layers + "b: 2\n", ("b",), None)
    assert not agrees(layers + "b: 1\n", layers.replace("x, x", "x, y") + "b: 2\n", ("b",), None)


def test_a_file_that_it_cannot_read_or_that_is_too_long_is_left_to_our_own_proof():
    assert agrees("a: [\n", "b: 1\n", ("c",), None)
    long = "a: 1\n" + "# long\n" * LARGEST_CHARACTERS
    assert agrees(long, "b: 1\n", ("c",), None)


def test_an_anchor_that_is_used_again_is_no_warning():
    assert agrees("a: &x 1\nb: &x 2\nc: *x\n", "a: &x 5\nb: &x 2\nc: *x\n", ("a",), None)


def test_reading_does_not_import_it():
    code = "import sys, trueup.spec.parse, trueup.spec.yaml.edit; sys.exit('ruamel.yaml' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
