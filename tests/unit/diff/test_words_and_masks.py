"""Word differences, field differences and masks."""

import pytest

from trueup.core.json import Json
from trueup.diff.fields import field_changes
from trueup.diff.masks import MASK, is_secret_name, masked, masked_line, masked_text
from trueup.diff.words import word_difference


def test_a_changed_word_stands_alone_between_what_stayed() -> None:
    assert word_difference("Answer in one short sentence.", "Answer in one long sentence.") == (
        ("equal", "Answer in one "),
        ("delete", "short"),
        ("insert", "long"),
        ("equal", " sentence."),
    )


def test_neighbouring_changed_words_read_as_one_phrase() -> None:
    assert word_difference("be very kind now", "be rather polite now") == (
        ("equal", "be "),
        ("delete", "very kind"),
        ("insert", "rather polite"),
        ("equal", " now"),
    )


def test_words_that_are_put_in_read_as_one_change() -> None:
    assert word_difference("one short sentence.", "one short, complete sentence.\n") == (
        ("equal", "one short"),
        ("insert", ", complete"),
        ("equal", " sentence."),
        ("insert", "\n"),
    )


def test_a_long_text_with_many_changes_is_compared_by_lines() -> None:
    before = "".join(f"line {n} a b c d e\n" for n in range(300))
    after = before.replace("a b c d e", "v w x y z", 150)
    kinds = {kind for kind, _ in word_difference(before, after)}
    assert kinds == {"delete", "insert", "equal"}


def test_texts_without_anything_in_common_are_replaced_whole() -> None:
    before, after = "\n".join(f"a{n}" for n in range(900)), "\n".join(f"b{n}" for n in range(900))
    assert word_difference(before, after) == (("delete", before), ("insert", after))


@pytest.mark.parametrize(
    "name",
    ["password", "apiKey", "api_key", "API_KEY", "hfToken", "client-secret", "awsSecretAccessKey", "authorization"],
)
def test_a_secret_name_is_known_in_every_spelling(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["maxTokens", "max_tokens", "tokenizer", "eosToken", "pad_token", "keyColumns", "tokens", "monkey", "model"]
)
def test_a_name_that_only_looks_like_a_secret_is_none(name: str) -> None:
    assert not is_secret_name(name)


def test_a_value_under_a_secret_name_is_masked_however_deep() -> None:
    assert masked({"auth": {"apiKey": {"values": ["s3cr3t", 7]}}}) == {"auth": {"apiKey": {"values": [MASK, 7]}}}


def test_a_reference_to_a_secret_stays_readable() -> None:
    assert masked({"token": "env:HF_TOKEN", "keys": ["file:/run/key"]}) == {
        "token": "env:HF_TOKEN",
        "keys": ["file:/run/key"],
    }


@pytest.mark.parametrize(
    "secret",
    [
        "hf_" + "a" * 24,
        "sk-" + "b" * 32,
        "ghp_" + "C" * 36,
        "AKIA" + "D" * 16,
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_a_known_key_is_masked_inside_any_text(secret: str) -> None:
    assert masked_text(f"Use {secret} please.") == f"Use {MASK} please."


@pytest.mark.parametrize("kind", ["ssh-ed25519", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"])
def test_a_public_key_is_no_secret(kind: str) -> None:
    declared: Json = {"signers": [{"member": "g@x.org", "ssh": f"{kind} AAAAC3NzaC1lZDI1NTE5AAAAIGk"}]}
    assert masked(declared) == declared


def test_signatures_and_users_in_addresses_are_masked() -> None:
    text = masked_text("https://me:pw@host/a?X-Amz-Signature=abc&size=1 s3://bucket/key")
    assert text == f"https://{MASK}@host/a?X-Amz-Signature={MASK}&size=1 s3://bucket/key"


def test_a_changed_secret_shows_that_it_changed_and_nothing_else() -> None:
    (change,) = field_changes("X/y", {"db": {"password": "old"}}, {"db": {"password": "new"}})
    assert (change.path, change.before, change.after) == (("db", "password"), MASK, MASK)


def test_items_with_a_name_are_compared_by_name_whatever_their_place() -> None:
    before = {"variables": [{"name": "shop", "required": True}, {"name": "tone"}]}
    after = {"variables": [{"name": "tone"}, {"name": "shop", "required": False}]}
    (change,) = field_changes("Prompt/p@1", before, after)
    assert change.path == ("variables", "[name=shop]", "required")


def test_items_without_a_name_are_compared_by_place() -> None:
    (change,) = field_changes("X/y", {"steps": [{"w": 1}, {"w": 2}]}, {"steps": [{"w": 1}, {"w": 3}]})
    assert change.path == ("steps", "[1]", "w")


def test_a_list_of_plain_values_is_shown_whole() -> None:
    (change,) = field_changes("X/y", {"licenses": ["MIT"]}, {"licenses": ["MIT", "Apache-2.0"]})
    assert (change.before, change.after) == (["MIT"], ["MIT", "Apache-2.0"])


def test_a_number_that_becomes_text_is_a_change() -> None:
    (change,) = field_changes("X/y", {"v": 1}, {"v": "1"})
    assert (change.before, change.after) == (1, "1")


def test_short_text_is_not_taken_apart_into_words() -> None:
    (change,) = field_changes("X/y", {"engine": "llama.cpp"}, {"engine": "transformers"})
    assert change.words == ()


def test_a_text_that_moves_into_a_file_is_compared_as_text() -> None:
    before = {"template": "Answer in one short sentence."}
    after = {"template": {"file": "spec/p.txt", "content": "Answer in one long sentence."}}
    text, file = field_changes("Prompt/p@2", before, after)
    assert (text.path, text.before, text.after) == (
        ("template",),
        "Answer in one short sentence.",
        "Answer in one long sentence.",
    )
    assert ("insert", "long") in text.words
    assert (file.path, file.before, file.after) == (("template", "file"), None, "spec/p.txt")


def test_a_file_whose_content_is_edited_shows_only_the_text() -> None:
    before = {"template": {"file": "spec/p.txt", "content": "One two three four."}}
    after = {"template": {"file": "spec/p.txt", "content": "One two three five."}}
    (text,) = field_changes("Prompt/p@2", before, after)
    assert text.path == ("template",)


def test_a_new_text_from_a_file_is_shown_as_its_text() -> None:
    changes = field_changes("Prompt/p@2", {}, {"template": {"file": "spec/p.txt", "content": "Hello."}})
    assert [(c.path, c.after) for c in changes] == [(("template",), "Hello."), (("template", "file"), "spec/p.txt")]


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  apiKey: abc123", "  apiKey: (masked)"),
        ("  annotations: {apiKey: abc123, note: x}", "  annotations: {apiKey: (masked), note: x}"),
        ('  "password": "a, b"', '  "password": (masked)'),
        ("  credentials: env:HF_TOKEN", "  credentials: env:HF_TOKEN"),
        ("  maxTokens: 64", "  maxTokens: 64"),
        ("  token: AKIAIOSFODNN7EXAMPL1 # old", "  token: (masked)"),
        ("  model: tiny@1", "  model: tiny@1"),
        ("  keys: [abc, def]", "  keys: (masked)"),
        ("  list: [{token: abc}, {size: 1}]", "  list: [{token: (masked)}, {size: 1}]"),
    ],
)
def test_a_line_of_source_is_shown_without_the_values_of_secrets(line: str, shown: str) -> None:
    assert masked_line(line) == shown
