"""What a build reads and where it writes: V18, V19, V20, and whether its sources are pinned."""

from collections.abc import Iterator

from trueup.builds import codes
from trueup.builds.checks.subject import Subject
from trueup.builds.declared import CHECKPOINTS, COMPILED, Weights, precision_of
from trueup.builds.findings import About, Finding, Level
from trueup.builds.memory import Precision, size_in_words, weights_in_all
from trueup.builds.network import Network
from trueup.builds.number_formats import NEED_CALIBRATION, bytes_of_weight, format_of_source
from trueup.spec.resource import Path

_CALIBRATION: Path = ("spec", "quantization", "calibration")
_MEASURING = CHECKPOINTS | {"engine"}
"""Modes whose builders end when there are fewer rows than are asked for."""
_PICKLED = frozenset({"pytorch", "pickle"})


def check_inputs(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with sources, disk, data and code."""
    yield from _sources(subject)
    yield from _disk(subject)
    yield from _data(subject)
    yield from _rows(subject)
    yield from _code(subject)


def disk_needed(subject: Subject, network: Network) -> int | None:
    """Return the bytes that source, checkpoint and result take side by side, as far as they are not there yet.

    None when sizes are not known.
    """
    if _is_all_there(subject):
        return 0
    results = 0 if subject.build.mode == "none" else 2 if subject.build.mode in COMPILED else 1
    precision = precision_of(subject.build, subject.weights)
    source = _source_precision(subject.weights)
    if isinstance(precision, str) or source is None:
        return None
    fetched = 0 if subject.has_source else weights_in_all(network, source)
    return fetched + results * weights_in_all(network, precision)


def _is_all_there(subject: Subject) -> bool:
    return subject.has_result or (subject.has_source and subject.build.mode == "none")


def _source_precision(weights: Weights) -> Precision | None:
    one = bytes_of_weight(format_of_source(weights.quantization or weights.precision or "bfloat16"))
    return None if one is None else Precision(one, max(one, 2.0), max(one, 2.0))


def _sources(subject: Subject) -> Iterator[Finding]:
    if not subject.weights.is_pinned:
        detail = "The Model has no `source.digest`: `trueup build` refuses it as it is."
        yield Finding(codes.UNPINNED_SOURCE, Level.WARNING, detail, "", About.MODEL, ("spec", "source"))
    if subject.build.calibration and not subject.is_data_pinned:
        dataset = f"Dataset/{subject.build.calibration}"
        detail = f"{dataset} has no `source.digest`: it cannot be fetched for the build as it is."
        yield Finding(codes.UNPINNED_SOURCE, Level.WARNING, detail, f"trueup pin {dataset}", path=_CALIBRATION)


def _disk(subject: Subject) -> Iterator[Finding]:
    if _is_all_there(subject):
        return
    network = subject.known_network
    needed = disk_needed(subject, network) if network else None
    if needed is None:
        detail = "How much disk the build takes is not known."
        yield Finding(codes.OUT_OF_DISK, Level.UNKNOWN, detail, "declare the sizes of the network", About.MODEL)
    elif subject.free_disk is None:
        detail = f"It takes about {size_in_words(needed)}; how much is free where it is built is not known."
        yield Finding(codes.OUT_OF_DISK, Level.UNKNOWN, detail, "look at the machine that builds")
    elif subject.free_disk < needed:
        beside = "beside the source, which is there" if subject.has_source else "side by side"
        needs, free = size_in_words(needed), size_in_words(subject.free_disk)
        detail = f"It takes about {needs} {beside}, and {free} are free."
        yield Finding(codes.OUT_OF_DISK, Level.ERROR, detail)


def _data(subject: Subject) -> Iterator[Finding]:
    build = subject.build
    if build.format not in NEED_CALIBRATION or build.mode == "gguf":
        return
    if not build.calibration:
        detail = f"`{build.format}` measures its scales, and no Dataset is declared for it."
        yield Finding(codes.NO_CALIBRATION, Level.ERROR, detail, path=("spec", "quantization"))
    elif subject.has_data is None:
        detail = f"Whether Dataset/{build.calibration} can be had without a network is not known."
        yield Finding(codes.NO_CALIBRATION, Level.UNKNOWN, detail, "have it in the store", path=_CALIBRATION)
    elif not subject.has_data:
        detail = (
            f"Dataset/{build.calibration} is neither in this repository nor in the store: fetching needs a network."
        )
        hint = "fetch it where there is a network, before the build"
        yield Finding(codes.NO_CALIBRATION, Level.WARNING, detail, hint, path=_CALIBRATION)


def _rows(subject: Subject) -> Iterator[Finding]:
    """Hold the rows that are there to those that are asked for, where scales are measured."""
    build = subject.build
    is_measured = build.format in NEED_CALIBRATION or build.cache != "none"
    if build.mode not in _MEASURING or not is_measured or subject.rows is None or subject.rows >= build.examples:
        return
    detail = f"Dataset/{build.calibration} has {subject.rows} rows, and `calibration.size` is {build.examples}."
    hint = f"declare a `size` of {subject.rows} or less, or another Dataset" if subject.rows else "take another Dataset"
    yield Finding(codes.NO_CALIBRATION, Level.ERROR, detail, hint, path=(*_CALIBRATION, "size"))


def _code(subject: Subject) -> Iterator[Finding]:
    if subject.weights.runs_remote_code:
        detail = "The loader may run code that comes with the weights: `trustRemoteCode` is true."
        yield Finding(codes.RUNS_FOREIGN_CODE, Level.WARNING, detail, "", About.MODEL, ("spec", "trustRemoteCode"))
    if subject.weights.format in _PICKLED:
        detail = f"Weights of format `{subject.weights.format}` run code when they are loaded."
        yield Finding(codes.RUNS_FOREIGN_CODE, Level.WARNING, detail, "", About.MODEL, ("spec", "format"))
    if subject.build.arguments.get("model_cls_file"):
        detail = "`model_cls_file` is Python that the builder runs."
        yield Finding(codes.RUNS_FOREIGN_CODE, Level.WARNING, detail, path=("spec", "build", "model_cls_file"))
