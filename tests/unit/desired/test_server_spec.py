"""A server's spec and its JSON."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.digests import Digest
from trueup.core.json import Json
from trueup.desired.state import ServerSpec

specs = st.builds(
    ServerSpec,
    runtime=st.sampled_from(["llama.cpp", "transformers"]),
    artifact=st.just(Digest("sha256:" + "a" * 64)),
    arguments=st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=3).map(
        lambda d: tuple(sorted(d.items()))
    ),
    interpreter=st.text(max_size=5),
    replicas=st.integers(1, 9),
)


@given(specs)
def test_what_is_written_is_read(spec: ServerSpec) -> None:
    assert ServerSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize("value", [None, {}, {"runtime": "llama.cpp"}])
def test_anything_else_is_refused(value: Json) -> None:
    with pytest.raises((ValueError, TypeError)):
        ServerSpec.from_json(value)
