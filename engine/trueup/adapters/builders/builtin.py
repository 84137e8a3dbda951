"""The builders that come with trueup, by mode. A plan names them all and starts none: each is made when it builds."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trueup.adapters.builders.builder import Builder, Builders, BuildTask, Built
    from trueup.ports import Progress


def builtin_builders() -> "Builders":
    """Return the builders; numpy and gguf are loaded when one is used, torch only in processes of its own."""
    return {
        "autodeploy": _Later(lambda: _modelopt("autodeploy")),
        "edge_engine": _Later(_edge),
        "engine": _Later(_engine),
        "gguf": _Later(_gguf),
        "pytorch": _Later(lambda: _modelopt("pytorch")),
    }


class _Later:
    """A builder that is made when it is first used."""

    __slots__ = ("_make",)

    def __init__(self, make: "Callable[[], Builder]") -> None:
        self._make = make

    def build(self, task: "BuildTask", progress: "Progress") -> "Built":
        """Build what the builder made now builds."""
        return self._make().build(task, progress)


def _gguf() -> "Builder":
    from trueup.adapters.builders.gguf.builder import GgufBuilder

    return GgufBuilder()


def _modelopt(mode: str) -> "Builder":
    from trueup.adapters.builders.modelopt.builder import ModelOptBuilder

    return ModelOptBuilder(mode)


def _edge() -> "Builder":
    from trueup.adapters.builders.modelopt.edge import EdgeBuilder

    return EdgeBuilder()


def _engine() -> "Builder":
    from trueup.adapters.builders.tensorrt.builder import EngineBuilder

    return EngineBuilder()
