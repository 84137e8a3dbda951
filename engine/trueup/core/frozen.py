"""`dataclass(frozen=True)`, with slots or without, whose methods are not compiled before somebody asks for them.

The standard library compiles six methods for each class, which takes 0.4 ms, and a command uses some of the hundreds of
types that it imports. What the classes do is the same: tests hold the two beside each other.
"""

import dataclasses
import sys
from collections.abc import Callable, Iterable
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any, Never


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
    methods: dict[str, object] = {
        "__init__": _Later(made, "__init__", _init),
        "__eq__": _Later(made, "__eq__", _eq),
        "__hash__": _Later(made, "__hash__", _hash),
        "__repr__": _repr,
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


class _Later:
    """A method of a class before it is first asked for."""

    __slots__ = ("_cls", "_name", "_write")

    def __init__(self, cls: type, name: str, write: Callable[[Any], Any]) -> None:
        self._cls = cls
        self._name = name
        self._write = write

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        method = self._write(self._cls)
        method.__qualname__ = f"{self._cls.__qualname__}.{self._name}"
        type.__setattr__(self._cls, self._name, method)
        return method if instance is None else method.__get__(instance)


def _init(cls: Any) -> Any:
    """Write `__init__`: as the standard library does, without what is not used here (`InitVar`, `kw_only`)."""
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
    init = _compiled(cls, f"__init__({', '.join(parameters)})", lines or ["pass"], outside)
    init.__annotations__ = {f.name: f.type for f in fields if f.init} | {"return": None}
    return init


def _eq(cls: Any) -> Any:
    compared = [f.name for f in dataclasses.fields(cls) if f.compare]
    lines = [
        "if other.__class__ is self.__class__:",
        f" return {_tuple('self', compared)} == {_tuple('other', compared)}",
        "return NotImplemented",
    ]
    return _compiled(cls, "__eq__(self, other)", lines, {})


def _hash(cls: Any) -> Any:
    hashed = [f.name for f in dataclasses.fields(cls) if (f.compare if f.hash is None else f.hash)]
    return _compiled(cls, "__hash__(self)", [f"return _hash({_tuple('self', hashed)})"], {"_hash": hash})


def _tuple(of: str, names: Iterable[str]) -> str:
    return "(" + "".join(f"{of}.{name}," for name in names) + ")"


def _compiled(cls: type, head: str, lines: Iterable[str], outside: dict[str, object]) -> Any:
    """Return the function of *head* and *lines*, which are made of names of fields alone, with *outside* in reach."""
    body = "".join(f"\n  {line}" for line in lines)
    source = f"def create({', '.join(outside)}):\n def {head}:{body}\n return {head.partition('(')[0]}"
    written: dict[str, Any] = {}
    exec(source, vars(sys.modules[cls.__module__]), written)  # noqa: S102 - as the standard library does
    return written["create"](**outside)


class _Absent:
    def __repr__(self) -> str:
        return "<factory>"


_ABSENT = _Absent()


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
