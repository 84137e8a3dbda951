"""What `core.frozen` makes of a class is what the standard library makes of it; only when it is made differs."""

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, field
from types import SimpleNamespace
from typing import Any, ClassVar, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trueup.core.frozen import dataclass


def _plain() -> type:
    class Point:
        """Somewhere."""

        x: int
        y: str = "here"
        tags: tuple[str, ...] = ()
        more: Mapping[str, int] = field(default_factory=dict)
        kind: ClassVar[str] = "point"

        def shifted(self) -> int:
            return self.x + 1

    return Point


def _compared_in_part() -> type:
    class Part:
        a: int
        b: int = field(default=2, compare=False, repr=False)
        c: int = field(default=3, hash=False)
        d: int = field(default=4, init=False)
        e: list[int] = field(default_factory=list, init=False, compare=False)

    return Part


def _with_own_methods() -> type:
    class Own:  # noqa: PLW1641 - the decorator gives it one
        a: float

        def __post_init__(self) -> None:
            object.__setattr__(self, "a", self.a * 2)

        def __repr__(self) -> str:
            return f"<{self.a}>"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self)) and abs(self.a - other.a) < 1

    return Own


def _empty() -> type:
    class Empty:
        pass

    return Empty


def _selfish() -> type:
    class Selfish:
        self: int
        other: int = 1

    return Selfish


CASES: dict[str, tuple[Any, list[tuple[Any, ...]]]] = {
    "plain": (_plain, [(1,), (1, "there"), (1, "here"), (2, "here", ("a",), {"b": 1})]),
    "compared in part": (_compared_in_part, [(1,), (1, 5), (1, 2, 4), (1, 2, 3)]),
    "own methods": (_with_own_methods, [(1.0,), (1.2,), (5.0,)]),
    "empty": (_empty, [()]),
    "selfish": (_selfish, [(1,), (1, 2)]),
}


def both(case: str) -> tuple[Any, Any, list[tuple[Any, ...]]]:
    make, arguments = CASES[case.removesuffix(", loose")]
    if case.endswith(", loose"):
        return dataclass(frozen=True)(make()), dataclasses.dataclass(frozen=True)(make()), arguments
    return dataclass(frozen=True, slots=True)(make()), dataclasses.dataclass(frozen=True, slots=True)(make()), arguments


EACH = [*CASES, *(f"{case}, loose" for case in CASES)]
"""Every case, with slots and without."""


def told(action: Any) -> object:
    try:
        return action()
    except (TypeError, AttributeError) as error:
        return type(error).__name__, str(error)


@pytest.mark.parametrize("case", EACH)
def test_objects_compare_hash_and_show_alike(case: str) -> None:
    ours, theirs, arguments = both(case)
    for one in arguments:
        assert repr(ours(*one)) == repr(theirs(*one))
        assert ours(*one) != theirs(*one), "another class is another thing"
        assert ours(*one).__eq__(object()) == theirs(*one).__eq__(object())
        for other in arguments:
            assert (ours(*one) == ours(*other)) == (theirs(*one) == theirs(*other))
        if not any(isinstance(value, dict) for value in one) and not case.startswith("plain"):
            assert hash(ours(*one)) == hash(theirs(*one))
        assert dataclasses.asdict(ours(*one)) == dataclasses.asdict(theirs(*one))


@pytest.mark.parametrize("case", EACH)
def test_the_class_says_the_same_of_itself(case: str) -> None:
    ours, theirs, _ = both(case)
    described = [(f.name, f.type, f.default, f.default_factory, f.init) for f in dataclasses.fields(ours)]
    assert described == [(f.name, f.type, f.default, f.default_factory, f.init) for f in dataclasses.fields(theirs)]
    assert (ours.__match_args__, vars(ours).get("__slots__")) == (theirs.__match_args__, vars(theirs).get("__slots__"))
    assert (ours.__qualname__, ours.__module__) == (theirs.__qualname__, theirs.__module__)
    assert ours.__doc__ == (theirs.__doc__ if case.startswith("plain") else ours.__name__)
    assert get_type_hints(ours.__init__) == get_type_hints(theirs.__init__)
    assert str(inspect.signature(ours)) == str(inspect.signature(theirs))
    assert ours.__init__.__qualname__ == theirs.__init__.__qualname__
    parameters = ours.__dataclass_params__
    assert (parameters.frozen, parameters.eq, parameters.init, parameters.repr) == (True, True, True, True)


@pytest.mark.parametrize("case", EACH)
@pytest.mark.parametrize("wrong", [{"nothing": 1}, {"a": 1, "x": 1, "self": 1, "y": 2, "z": 3}])
def test_wrong_arguments_are_refused_in_the_same_words(case: str, wrong: dict[str, Any]) -> None:
    ours, theirs, _ = both(case)
    assert told(lambda: ours(**wrong)) == told(lambda: theirs(**wrong))
    assert told(lambda: ours(*range(9))) == told(lambda: theirs(*range(9)))


def test_nothing_can_be_set_or_deleted() -> None:
    ours, theirs, _ = both("plain")
    for name in ("x", "tags"):
        with pytest.raises(FrozenInstanceError) as ours_said:
            setattr(ours(1), name, 2)
        with pytest.raises(FrozenInstanceError) as theirs_said:
            setattr(theirs(1), name, 2)
        assert str(ours_said.value) == str(theirs_said.value)
        with pytest.raises(FrozenInstanceError) as ours_said:
            delattr(ours(1), name)
        with pytest.raises(FrozenInstanceError) as theirs_said:
            delattr(theirs(1), name)
        assert str(ours_said.value) == str(theirs_said.value)
    with pytest.raises(FrozenInstanceError):
        ours(1).unknown = 1


def test_what_is_made_by_a_factory_is_made_anew() -> None:
    ours, _, _ = both("plain")
    assert ours(1).more is not ours(1).more


def test_values_are_replaced_and_taken_apart() -> None:
    ours, _, _ = both("plain")
    changed = dataclasses.replace(ours(1), y="there")
    match changed:
        case ours(x, y):
            assert (x, y, changed.shifted()) == (1, "there", 2)
        case _:
            pytest.fail("it is not taken apart")


@dataclass(frozen=True, slots=True)
class Kept:
    """Found by pickle under this name."""

    a: int
    b: tuple["Kept", ...] = ()


@dataclass(frozen=True, slots=True)
class Below(Kept):
    """Has the fields of another, and one."""

    c: int = 3


@dataclass(frozen=True)
class Loose:
    """Without slots."""

    a: int
    b: tuple[int, ...] = ()


values = st.recursive(st.builds(Kept, st.integers()), lambda inner: st.builds(Kept, st.integers(), st.tuples(inner)))


@given(values)
def test_copies_are_equal(value: Kept) -> None:
    assert pickle.loads(pickle.dumps(value)) == value
    assert copy.deepcopy(value) == copy.copy(value) == value
    assert hash(copy.deepcopy(value)) == hash(value)
    assert eval(repr(value)) == value


def test_copies_of_what_has_no_slots_are_equal() -> None:
    value = Loose(1, (2,))
    assert pickle.loads(pickle.dumps(value)) == copy.deepcopy(value) == copy.copy(value) == value


def test_a_class_below_another_has_its_fields() -> None:
    assert Below(1, (), 4) == Below(1, c=4) != Below(1)
    assert Below(1).__eq__(Kept(1)) is NotImplemented
    assert repr(Below(1)) == "Below(a=1, b=(), c=3)"


def test_what_holds_itself_can_be_shown() -> None:
    held: list[object] = []

    @dataclass(frozen=True, slots=True)
    class Loop:
        inner: list[object]

    held.append(Loop(held))
    assert "..." in repr(held[0])


def test_other_classes_are_the_standard_librarys() -> None:
    @dataclass
    class Changing:
        a: int = 1

    @dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        a: int

    changing = Changing()
    changing.a = 2
    assert (changing.a, Ordered(1) < Ordered(2)) == (2, True)


def test_nothing_is_written_before_it_is_asked_for() -> None:
    @dataclass(frozen=True, slots=True)
    class Later:
        a: int

    methods = ("__init__", "__eq__", "__hash__")
    assert [inspect.isfunction(vars(Later)[name]) for name in methods] == [False, False, False]
    one = Later(1)
    assert [inspect.isfunction(vars(Later)[name]) for name in methods] == [True, False, False]
    assert {one: 1}[Later(1)] == 1
    assert [inspect.isfunction(vars(Later)[name]) for name in methods] == [True, True, True]


def test_a_factory_shows_as_one_in_a_signature() -> None:
    ours, _, _ = both("plain")
    shown = SimpleNamespace(**inspect.signature(ours).parameters)
    assert repr(shown.more.default) == "<factory>"
