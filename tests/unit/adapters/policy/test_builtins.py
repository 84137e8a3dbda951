"""The list of builtins: each is really there, and none can reach outside."""

import pytest

from trueup.adapters.policy.embedded.builtins import BUILTINS, NOT_TAKEN, REFUSED
from trueup.adapters.policy.embedded.extensions import EXTENSIONS, load_extensions

regorus = pytest.importorskip("regorus")


# The rewriter puts a value in their place.
REWRITTEN = {"rego.metadata.rule", "rego.metadata.chain"}


@pytest.mark.parametrize("name", sorted(BUILTINS.keys() - REWRITTEN))
def test_every_allowed_builtin_exists_with_its_arity(name: str) -> None:
    engine = regorus.Engine()
    for extension, arity, function in load_extensions([name]):
        engine.add_extension(extension, arity, function)
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
    assert not NOT_TAKEN.keys() & (REFUSED | BUILTINS.keys())


def test_only_the_extensions_that_are_called_are_loaded() -> None:
    assert [name for name, _, _ in load_extensions(["crypto.md5", "count", "uri.parse"])] == ["crypto.md5", "uri.parse"]


@pytest.mark.parametrize("name", sorted(EXTENSIONS))
def test_an_extension_refuses_what_it_cannot_take_with_an_error_of_the_rule(name: str) -> None:
    ((_, arity, function),) = load_extensions([name])
    if name in ("semver.is_valid", "net.cidr_is_valid"):
        assert function(object()) is False
        return
    with pytest.raises(ValueError, match=r"."):
        function(*[object()] * arity)


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("net.cidr_expand", ("10.0.0.0/8",), "16,777,216 addresses"),
        ("net.cidr_merge", (["10.0.0.1"],), "invalid CIDR"),
        ("net.cidr_merge", (["10.0.0.0/8", "::/0"],), "IPv4 or of IPv6"),
        ("semver.compare", ("1.0.0-01", "1.0.0-1"), "leading zeros"),
        ("sprintf", ("%*d", "[[1]]"), "not taken"),
        ("sprintf", ("%[1]d", "[[1]]"), "not taken"),
        ("sprintf", ("%#x", "[[1]]"), "not taken"),
        ("sprintf", ("%2000d", "[[1]]"), "wider than"),
        ("sprintf", ("%x", "[[1.5]]"), "of a fraction"),
        ("strings.render_template", ("{{ len .a }}", {"a": []}), "places no value"),
        ("strings.render_template", ("{{ .a | html }}", {"a": []}), "places no value"),
        ("strings.render_template", ('{{define "x"}}{{end}}', {}), "places no value"),
        ("strings.render_template", ("{{template .a}}", {}), "places no value"),
        ("strings.render_template", ("{{.a}}", {"a": {1}}), "a set"),
        ("strings.replace_n", ({"": "a"}, "b"), "empty pattern"),
        ("regex.globs_match", ("[a+]", "a"), "inside brackets"),
    ],
)
def test_what_is_not_taken_is_said(name: str, arguments: tuple[object, ...], why: str) -> None:
    ((_, _, function),) = load_extensions([name])
    with pytest.raises(ValueError, match=why):
        function(*arguments)
