"""The list of builtins: each is really there, and none can reach outside."""

import pytest

from trueup.adapters.policy.embedded.builtins import BUILTINS, REFUSED

regorus = pytest.importorskip("regorus")


@pytest.mark.parametrize("name", sorted(BUILTINS))
def test_every_allowed_builtin_exists_with_its_arity(name: str) -> None:
    engine = regorus.Engine()
    arguments = ", ".join(["null"] * BUILTINS[name][0])
    engine.add_policy("p.rego", f"package p\nx := {name}({arguments})\n")
    try:
        engine.eval_query_as_json("data.p.x")
    except RuntimeError as error:
        said = str(error).split("Stack backtrace")[0]
        assert "could not find function" not in said
        assert "unsafe" not in said
        assert f"`{name}` expects" not in said or "argument. Got" in said or "arguments" not in said, said


def test_nothing_is_both_allowed_and_refused() -> None:
    assert not REFUSED & BUILTINS.keys()
