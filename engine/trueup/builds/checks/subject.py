"""What a check before a build is about."""

from trueup.builds.accelerators import Product, product_of
from trueup.builds.declared import COMPILED, Declared, Serving, Weights
from trueup.builds.memory import Cut
from trueup.builds.network import Network
from trueup.builds.windows import MODES, Mode
from trueup.core.frozen import dataclass

OF_TENSORRT = frozenset({"", "trtllm", "nim", "dynamo"})
"""Runtimes that tables of TensorRT-LLM are about; the empty name is that of nobody."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A Build of a model, and perhaps the server that is to load the result.

    Attributes:
        build: What the Build declares.
        weights: What the Model declares of its weights.
        network: The network, or why it is not known.
        serving: What the Deployment declares; None when nobody is to serve it yet.
        free_disk: Bytes free where the store is; None when that is not known.
        has_data: The calibration data can be had without a network; None when that is not known.
        rows: Rows of the calibration data, counted no further than is asked for; None when that is not known.
        is_data_pinned: The calibration data has a digest, if there is any.
        has_source: The weights are in the store.
        has_result: What is built is in the store.
    """

    build: Declared
    weights: Weights
    network: Network | tuple[str, ...]
    serving: Serving | None = None
    free_disk: int | None = None
    has_data: bool | None = None
    rows: int | None = None
    is_data_pinned: bool = True
    has_source: bool = False
    has_result: bool = False

    @property
    def mode(self) -> Mode:
        """What is known of the mode."""
        return MODES.get(self.build.mode, Mode())

    @property
    def is_compiled(self) -> bool:
        """Whether the result is for one product and one way to cut it."""
        return self.build.mode in COMPILED

    @property
    def known_network(self) -> Network | None:
        """The network, if it is known."""
        return self.network if isinstance(self.network, Network) else None

    @property
    def architecture(self) -> str:
        """Class in the model's configuration; empty when it is not known."""
        known = self.known_network
        return known.architecture if known else self.weights.architecture

    @property
    def cut(self) -> Cut:
        """How the network is cut where it is served: an engine as it was built, a checkpoint as its server says."""
        asked = self.serving.cut if self.serving and not self.is_compiled else None
        return asked or self.build.cut

    @property
    def is_cut_by_server(self) -> bool:
        """Whether the arguments of the server say how it is cut."""
        return not self.is_compiled and self.serving is not None and self.serving.cut is not None

    @property
    def product(self) -> Product | None:
        """The accelerator it has to run on: what an engine is for, else what its deployment asks for; None without."""
        asked = self.serving.accelerator if self.serving else ""
        name = (self.build.gpu or asked) if self.is_compiled else (asked or ("" if self.serving else self.build.gpu))
        if not name:
            return None
        found = product_of(name)
        if not found.capability and self.build.capability and name == self.build.gpu:
            return Product(found.label, self.build.capability)
        return found

    @property
    def computing_version(self) -> str:
        """Version of the TensorRT-LLM that computes: the server's, else the toolchain's; empty when nobody says."""
        if self.runtime not in ("", "trtllm"):
            return ""  # versions of other runtimes count differently
        return (self.serving.version if self.serving else "") or self.build.tool("tensorrtLlm")

    @property
    def runtime(self) -> str:
        """What serves it; empty when nobody does yet."""
        return self.serving.runtime if self.serving else ""
