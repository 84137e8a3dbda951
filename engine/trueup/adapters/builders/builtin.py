"""The builders that come with trueup, by mode."""

from trueup.adapters.builders.builder import Builders


def builtin_builders() -> Builders:
    """Return the builders; numpy and gguf are loaded when one is used, torch only in processes of its own."""
    from trueup.adapters.builders.gguf.builder import GgufBuilder
    from trueup.adapters.builders.modelopt.builder import ModelOptBuilder
    from trueup.adapters.builders.modelopt.edge import EdgeBuilder
    from trueup.adapters.builders.tensorrt.builder import EngineBuilder

    return {
        "autodeploy": ModelOptBuilder("autodeploy"),
        "edge_engine": EdgeBuilder(),
        "engine": EngineBuilder(),
        "gguf": GgufBuilder(),
        "pytorch": ModelOptBuilder("pytorch"),
    }
