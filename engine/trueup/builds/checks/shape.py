"""How the network is cut: V03 to V08."""

from collections.abc import Iterator

from trueup.builds import codes
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import COMPILED
from trueup.builds.findings import About, Finding, Level
from trueup.builds.memory import Cut
from trueup.builds.network import Network
from trueup.builds.number_formats import DEFAULT_GROUP, GROUPED
from trueup.core.diagnostics import Code
from trueup.spec.resource import Path


def check_shape(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with how the network is cut where it is served."""
    build = subject.build
    if build.context > 1:
        detail = f"`context` is {build.context}, and attention is not cut along the context."
        yield Finding(codes.WRONG_WORLD, Level.ERROR, detail, path=("spec", "parallelism", "context"))
    network = subject.known_network
    if network is not None:
        yield from cut_findings(subject, network, subject.cut)


def cut_findings(subject: Subject, network: Network, cut: Cut) -> Iterator[Finding]:
    """Yield what is wrong with *cut* of *network*."""
    shape = _Shape(subject, cut)
    yield from _heads(shape, network)
    yield from _experts(shape, network)
    yield from _stages(shape, network)
    yield from _widths(shape, network)


class _Shape:
    """A cut, and where it is declared."""

    def __init__(self, subject: Subject, cut: Cut) -> None:
        self.build = subject.build
        self.cut = cut
        self._is_served = subject.is_cut_by_server

    def finding(self, code: Code, detail: str, field: str, level: Level = Level.ERROR, hint: str = "") -> Finding:
        """Return a finding that points at *field* of the parallelism."""
        if self._is_served:
            return Finding(code, level, detail, hint, About.DEPLOYMENT, ("spec", "runtime", "args"))
        path: Path = ("spec", "parallelism", field)
        return Finding(code, level, detail, hint, path=path)


def _heads(shape: _Shape, network: Network) -> Iterator[Finding]:
    ranks, heads, kept = shape.cut.tensor, network.heads, network.key_value_heads
    if heads % ranks:
        detail = f"{heads} query heads do not divide by `tensor` {ranks}."
        yield shape.finding(codes.HEADS_NOT_DIVISIBLE, detail, "tensor", hint=_divisors(heads))
    if network.latent:
        return  # what is kept is not by head
    if kept % ranks and ranks % kept:
        detail = f"{kept} key-value heads and `tensor` {ranks}: neither divides the other."
        yield shape.finding(codes.CACHE_HEADS, detail, "tensor", hint=_divisors(kept))
    elif ranks > kept:
        detail = f"Each of {kept} key-value heads is kept {ranks // kept} times: `tensor` is {ranks}."
        hint = "nothing to do; the cache of a rank does not get smaller any more"
        yield shape.finding(codes.CACHE_HEADS, detail, "tensor", Level.INFO, hint)


def _experts(shape: _Shape, network: Network) -> Iterator[Finding]:
    parts, ranks, experts = shape.build.expert, shape.cut.tensor, network.experts
    if parts == 1:
        return
    if not experts:
        detail = f"`expert` is {parts}, and `{network.architecture}` has no experts."
        yield shape.finding(codes.EXPERTS_NOT_DIVISIBLE, detail, "expert", hint="leave `expert` out")
        return
    if ranks % parts:
        detail = f"`tensor` {ranks} does not divide by `expert` {parts}."
        yield shape.finding(codes.EXPERTS_NOT_DIVISIBLE, detail, "expert")
    if experts % parts:
        detail = f"{experts} experts do not divide by `expert` {parts}: {experts % parts} would be dropped."
        yield shape.finding(codes.EXPERTS_NOT_DIVISIBLE, detail, "expert", hint=_divisors(experts))
    if shape.build.context > 1:
        detail = "Experts are not cut together with the context."
        yield shape.finding(codes.EXPERTS_NOT_DIVISIBLE, detail, "expert")


def _stages(shape: _Shape, network: Network) -> Iterator[Finding]:
    stages, layers = shape.cut.pipeline, network.layers
    if stages > layers:
        detail = f"{layers} layers are fewer than {stages} stages."
        yield shape.finding(codes.TOO_MANY_STAGES, detail, "pipeline")
    elif layers % stages:
        detail = f"{layers} layers in {stages} stages: the first {layers % stages} have one more."
        hint = "nothing to do; the first stages need more memory"
        yield shape.finding(codes.TOO_MANY_STAGES, detail, "pipeline", Level.INFO, hint)


def _widths(shape: _Shape, network: Network) -> Iterator[Finding]:
    ranks = shape.cut.tensor
    if network.hidden % ranks:
        detail = f"The width {network.hidden} does not divide by `tensor` {ranks}."
        yield shape.finding(codes.SIZES_NOT_DIVISIBLE, detail, "tensor")
    width = network.feed_forward
    if network.experts:
        width = network.expert_feed_forward or width
        ranks = max(ranks // shape.build.expert, 1)
    if width % ranks:
        detail = f"The feed-forward width {width} does not divide among {ranks} ranks."
        yield shape.finding(codes.SIZES_NOT_DIVISIBLE, detail, "tensor")
    elif shape.build.format in GROUPED and (shape.build.mode in COMPILED or ranks > 1):
        group = shape.build.group or DEFAULT_GROUP
        if width // ranks % group:
            detail = f"A rank has {width // ranks} of the feed-forward width, which groups of {group} do not fill."
            yield shape.finding(codes.SIZES_NOT_DIVISIBLE, detail, "tensor")


def _divisors(number: int) -> str:
    found = ", ".join(str(n) for n in (1, 2, 4, 8, 16, 32) if number % n == 0)
    return f"possible are {found}"
