from hypothesis import given
from hypothesis import strategies as st

from trueup.core.json import Json, canonical, canonical_by_parts

LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("aé\n")
VALUES: st.SearchStrategy[Json] = st.recursive(
    LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text('ab"\n', max_size=3), below, max_size=3)
)


@given(VALUES, st.integers(0, 4))
def test_a_document_spelled_by_parts_has_the_bytes_of_the_whole(value: Json, levels: int) -> None:
    assert canonical_by_parts(value, levels) == canonical(value)


def test_a_tuple_is_spelled_as_the_list_it_stands_for() -> None:
    assert canonical_by_parts({"b": (1, "x"), "a": {}}) == b'{"a":{},"b":[1,"x"]}'
