"""The builders that come with trueup, by mode."""

from trueup.adapters.builders.builder import Builders


def builtin_builders() -> Builders:
    """Return the builders; numpy and gguf are loaded when one is used."""
    from trueup.adapters.builders.gguf.builder import GgufBuilder
    from trueup.adapters.builders.tensorrt.builder import EngineBuilder

    return {"engine": EngineBuilder(), "gguf": GgufBuilder()}
