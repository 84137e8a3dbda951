"""Build keys: the same inputs give the same key, any other input another."""

from hypothesis import given
from hypothesis import strategies as st

from trueup.core.digests import Digest, is_digest
from trueup.desired.build_key import build_key

ONE, TWO = Digest("sha256:" + "1" * 64), Digest("sha256:" + "2" * 64)
PARAMETERS = st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5) | st.booleans(), max_size=4)


@given(PARAMETERS)
def test_the_order_of_parameters_does_not_matter(parameters: dict[str, int | str]) -> None:
    turned = dict(reversed(parameters.items()))
    assert build_key(ONE, "gguf", parameters) == build_key(ONE, "gguf", turned)
    assert is_digest(build_key(ONE, "gguf", parameters))


def test_any_other_input_gives_another_key() -> None:
    keys = {
        build_key(ONE, "gguf", {}),
        build_key(TWO, "gguf", {}),
        build_key(ONE, "engine", {}),
        build_key(ONE, "gguf", {"quantization": "F16"}),
        build_key(ONE, "gguf", {"quantization": "Q8_0"}),
        build_key(ONE, "gguf", {}, [ONE]),
        build_key(ONE, "gguf", {}, [TWO]),
    }
    assert len(keys) == 7


def test_a_mode_that_builds_nothing_keeps_the_sources_digest() -> None:
    assert build_key(ONE, "none", {"anything": 1}) == ONE


def test_the_key_of_a_build_stays_what_it_was() -> None:
    """Stored builds are found by it: a change here makes all of them be built again."""
    expected = "sha256:c667fcc3427b96f8df25987b8a9991c35f0e776b16a817560c8e82d4fde354e3"
    assert build_key(ONE, "gguf", {"quantization": "Q8_0", "preTokenizer": "gpt-2"}) == expected
