"""`dataclass(frozen=True)`, with slots or without, whose methods are not compiled before somebody asks for them.

The standard library compiles six methods for each class, which takes 0.4 ms, and a command uses some of the hundreds of
types that it imports. What the classes do is the same: tests hold the two beside each other.
"""

import dataclasses
import sys
from collections.abc import Callable
from operator import attrgetter
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Never

_Values = Callable[[Any], tuple[object, ...]]


def _dataclass(cls: type | None = None, /, **options: bool) -> Any:
    """Decorate as `dataclasses.dataclass` does; only frozen classes are made here, all others there."""
    if cls is None and options in ({"frozen": True}, {"frozen": True, "slots": True}):
        return lambda cls: _made(cls, slots="slots" in options)
    return dataclasses.dataclass(cls, **options) if cls else dataclasses.dataclass(**options)


def _made(cls: type, *, slots: bool) -> type:
    if any(dataclasses.is_dataclass(base) for base in cls.__bases__):
        return dataclasses.dataclass(frozen=True, slots=slots)(cls)
    cls.__doc__ = cls.__doc__ or cls.__name__  # else a signature is made up for it, which takes long
    own = dict(cls.__dict__)
    made: Any = dataclasses.dataclass(slots=slots, init=False, repr=False, eq=False)(cls)
    compared = [f for f in dataclasses.fields(made) if f.compare]
    hashed = [f for f in dataclasses.fields(made) if (f.compare if f.hash is None else f.hash)]
    methods: dict[str, object] = {
        "__init__": _LaterInit(made),
        "__repr__": _repr,
        "__eq__": _eq(_values_of(compared)),
        "__hash__": _hash(_values_of(hashed)),
        "__setattr__": _refuse_setting,
        "__delattr__": _refuse_deleting,
        **({"__getstate__": _state, "__setstate__": _restore} if slots else {}),
    }
    for name, method in methods.items():
        # `__hash__` is None in a class that has an `__eq__` of its own.
        if name not in own or own[name] is None:
            setattr(made, name, method)
    made.__dataclass_params__.frozen = made.__dataclass_params__.eq = True
    made.__dataclass_params__.init = made.__dataclass_params__.repr = True
    return made  # type: ignore[no-any-return]  # what `dataclass` gives for `Any`


class _LaterInit:
    """`__init__` of a class before it is first asked for."""

    __slots__ = ("_cls",)

    def __init__(self, cls: type) -> None:
        self._cls = cls

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        init = _init(self._cls)
        type.__setattr__(self._cls, "__init__", init)
        return init if instance is None else init.__get__(instance)


def _init(cls: Any) -> Any:
    """Write `__init__`; what the standard library writes too, without what is not used here (`InitVar`, `kw_only`)."""
    fields = dataclasses.fields(cls)
    me = "_self" if any(f.name == "self" for f in fields) else "self"
    outside: dict[str, object] = {"_set": object.__setattr__, "_absent": _ABSENT}
    parameters, lines = [me], []
    for f in fields:
        given, known = f.name, True
        if f.default_factory is not dataclasses.MISSING:
            outside[f"_make_{f.name}"] = f.default_factory
            made = f"_make_{f.name}()"
            given = f"{made} if {f.name} is _absent else {f.name}" if f.init else made
            parameters += [f"{f.name}=_absent"] if f.init else []
        elif f.default is not dataclasses.MISSING:
            outside[f"_default_{f.name}"] = f.default
            given = f.name if f.init else f"_default_{f.name}"
            parameters += [f"{f.name}=_default_{f.name}"] if f.init else []
        else:
            parameters += [f.name] if f.init else []
            known = f.init
        lines += [f"_set({me}, {f.name!r}, {given})"] if known else []
    lines += [f"{me}.__post_init__()"] if hasattr(cls, "__post_init__") else []
    body = "".join(f"\n  {line}" for line in lines or ["pass"])
    source = f"def create({', '.join(outside)}):\n def __init__({', '.join(parameters)}):{body}\n return __init__"
    written: dict[str, Any] = {}
    exec(source, vars(sys.modules[cls.__module__]), written)  # noqa: S102 - of names of fields alone
    init = written["create"](**outside)
    init.__qualname__ = f"{cls.__qualname__}.__init__"
    init.__annotations__ = {f.name: f.type for f in fields if f.init} | {"return": None}
    return init


class _Absent:
    def __repr__(self) -> str:
        return "<factory>"


_ABSENT = _Absent()


def _values_of(fields: list[dataclasses.Field[Any]]) -> _Values:
    """Return what takes the values of *fields* out of an object."""
    names = [f.name for f in fields]
    if len(names) > 1:
        return attrgetter(*names)
    return (lambda self: (getattr(self, names[0]),)) if names else lambda _: ()


def _eq(values: _Values) -> Callable[[Any, object], Any]:
    def __eq__(self: Any, other: object) -> Any:  # noqa: N807 - the name that tracebacks and documentation show
        return values(self) == values(other) if other.__class__ is self.__class__ else NotImplemented

    return __eq__


def _hash(values: _Values) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return __hash__


@recursive_repr()
def _repr(self: Any) -> str:
    shown = ", ".join(f"{f.name}={getattr(self, f.name)!r}" for f in dataclasses.fields(self) if f.repr)
    return f"{self.__class__.__qualname__}({shown})"


def _refuse_setting(_: object, name: str, __: object) -> Never:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(_: object, name: str) -> Never:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, f.name) for f in dataclasses.fields(self)]


def _restore(self: Any, state: list[object]) -> None:
    for f, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, f.name, value)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - what importers of this module see
else:
    dataclass = _dataclass
