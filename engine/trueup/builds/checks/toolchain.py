"""Versions of what builds and serves, and which architectures they take: V01, V02, V15, V17."""

from collections.abc import Iterator

from trueup.builds import codes
from trueup.builds.architectures import BACKENDS, architectures, backends_of, listed_formats
from trueup.builds.checks.subject import OF_TENSORRT, Subject
from trueup.builds.declared import CHECKPOINTS, COMPILED, Serving, served_limits
from trueup.builds.findings import About, Finding, Level
from trueup.builds.windows import EDGE_VERSION, MODES, loads_naively
from trueup.core.json import Json
from trueup.core.suggestions import did_you_mean
from trueup.core.versions import version_key
from trueup.spec.resource import Path

_ROTARY_DEFAULT = 10000.0


def check_toolchain(subject: Subject) -> Iterator[Finding]:
    """Yield what is wrong with versions and architecture."""
    yield from _window(subject)
    yield from _declared_architecture(subject)
    if subject.build.mode in BACKENDS:
        yield from _architecture(subject)
    if subject.build.mode == "engine":
        yield from _transformers(subject)
    if subject.build.mode in COMPILED and subject.serving is not None:
        yield from _same_tools(subject, subject.serving)
    if loads_naively(subject.runtime, subject.build.mode, subject.build.format, subject.weights.quantization):
        detail = f"`{subject.runtime}` loads weights of Model Optimizer without their scales, and answers nonsense."
        hint = "serve it by `vllm` or `trtllm`, which apply them, or serve the model unquantized"
        yield Finding(codes.DIFFERENT_TOOLS, Level.ERROR, detail, hint, About.DEPLOYMENT, ("spec", "runtime", "engine"))


def _window(subject: Subject) -> Iterator[Finding]:
    mode, name = subject.mode, subject.build.mode
    if not mode.tool:
        return
    version = subject.build.tool(mode.tool)
    path: Path = ("spec", "toolchain", mode.tool)
    if mode.is_before(version) or mode.is_after(version):
        other = mode.before if mode.is_before(version) else mode.after
        detail = f"Mode `{name}` is in {mode.name} {mode.window}, and the toolchain declares {version}."
        yield Finding(codes.OUTSIDE_WINDOW, Level.ERROR, detail, _way_out(version, other, mode.window), path=path)
    elif version_key(version) is None:
        said = f"`{version}` is no version" if version else "the toolchain does not say one"
        window = f": the mode is in {mode.window}" if mode.window else ""
        detail = f"Which version of {mode.name} builds is not known, {said}{window}."
        yield Finding(codes.OUTSIDE_WINDOW, Level.UNKNOWN, detail, f"declare `toolchain.{mode.tool}`", path=path)
    elif name == "edge_engine" and version_key(version) != version_key(EDGE_VERSION):
        detail = f"What is known of {mode.name} is that of {EDGE_VERSION}, and the toolchain declares {version}."
        yield Finding(codes.OUTSIDE_WINDOW, Level.WARNING, detail, "check the release notes of both", path=path)


def _way_out(version: str, other: str, window: str) -> str:
    """Name the mode that *version* has, and the window of the one that is declared; nothing is changed by itself."""
    if other and MODES[other].has(version):
        return (
            f"declare `mode: {other}`, which {version} has, in a new version of the Build; or a toolchain of {window}"
        )
    return f"declare a toolchain of {window}"


def _architecture(subject: Subject) -> Iterator[Finding]:
    name, mode = subject.architecture, subject.build.mode
    if not name or (mode in CHECKPOINTS and subject.runtime not in OF_TENSORRT):
        if name:
            detail = f"Whether `{subject.runtime}` takes `{name}` is not known: the tables are those of TensorRT-LLM."
            hint = f"look it up in the documentation of {subject.runtime}"
            yield Finding(codes.UNSUPPORTED_ARCHITECTURE, Level.UNKNOWN, detail, hint, About.MODEL, _ARCHITECTURE)
        return
    able = backends_of(name)
    if mode not in able:
        detail = f"Mode `{mode}` does not list `{name}`" + (f"; {_listed(able)} it." if able else ", nor does another.")
        spelled = did_you_mean(name, architectures()) if not able else ""
        hint = f"declare `mode: {able[0]}` in a new version of the Build" if able else spelled
        level = Level.ERROR if mode in COMPILED else Level.WARNING
        yield Finding(codes.UNSUPPORTED_ARCHITECTURE, level, detail, hint, About.MODEL, _ARCHITECTURE)
        return
    formats, wanted = listed_formats(name, mode), subject.build.format
    if formats is not None and wanted not in {"none", "auto", *formats}:
        known = ", ".join(sorted(formats)) or "16 bits only"
        detail = f"For `{name}` in mode `{mode}`, `{wanted}` is not listed; listed are {known}. The list lags behind."
        hint = "try it on a small machine first, or take a format that is listed"
        yield Finding(codes.UNSUPPORTED_ARCHITECTURE, Level.WARNING, detail, hint, path=_FORMAT)


def _declared_architecture(subject: Subject) -> Iterator[Finding]:
    declared, network = subject.weights.architecture, subject.known_network
    if declared and network and network.architecture and network.architecture != declared:
        detail = f"It declares `{declared}`, and its configuration names `{network.architecture}`."
        yield Finding(codes.OTHER_ARCHITECTURE, Level.WARNING, detail, "", About.MODEL, _ARCHITECTURE)


_ARCHITECTURE: Path = ("spec", "architecture")
_FORMAT: Path = ("spec", "quantization", "format")


def _listed(modes: tuple[str, ...]) -> str:
    return f"{', '.join(f'`{m}`' for m in modes)} {'lists' if len(modes) == 1 else 'list'}"


def _transformers(subject: Subject) -> Iterator[Finding]:
    version, network = subject.build.tool("transformers"), subject.known_network
    path: Path = ("spec", "toolchain", "transformers")
    found, five = version_key(version), version_key("5.0")
    if found is None or five is None:
        detail = "Which transformers exports the checkpoint is not known; 5 and later lose the rotary base."
        yield Finding(codes.WRONG_TRANSFORMERS, Level.UNKNOWN, detail, path=path)
        return
    if found < five:
        return
    lost = "rotary base and scaling"
    if network and network.rotary_base != _ROTARY_DEFAULT:
        lost = f"the rotary base {network.rotary_base:.0f}"
    mixture = "; a mixture of experts cannot be exported" if network and network.experts else ""
    detail = f"transformers {version} drops {lost} from the TensorRT-LLM checkpoint without a warning{mixture}."
    yield Finding(codes.WRONG_TRANSFORMERS, Level.ERROR, detail, path=path)


def _same_tools(subject: Subject, serving: Serving) -> Iterator[Finding]:
    """Compare the image, else the versions, and the sizes that the server asks for."""
    built_in, served_in = (image.partition("@")[2] for image in (subject.build.tool("image"), serving.image))
    if built_in and served_in and built_in != served_in:
        detail = f"It is built in the image {built_in[:19]} and served in {served_in[:19]}."
        yield _disagreement(Level.ERROR, detail, ("spec", "runtime", "image"))
    if not (built_in and built_in == served_in):
        yield from _same_version(subject, serving)
    for key, asked in served_limits(serving).items():
        built = subject.build.arguments.get(key)
        if isinstance(built, int) and asked > built:
            detail = f"The server asks for `{key}` {asked}, and the engine is built for {built}."
            yield _disagreement(Level.ERROR, detail, ("spec", "runtime", "args"))


def _same_version(subject: Subject, serving: Serving) -> Iterator[Finding]:
    mode = subject.mode
    built, served = subject.build.tool(mode.tool), serving.version
    one, other = version_key(built), version_key(served)
    path: Path = ("spec", "runtime", "version")
    if serving.runtime not in mode.runtimes:
        loads = " or ".join(f"`{r}`" for r in sorted(mode.runtimes))
        detail = f"`{serving.runtime}` does not load what mode `{subject.build.mode}` makes; {loads} does."
        yield _disagreement(Level.ERROR, detail, ("spec", "runtime", "engine"))
    elif one is None or other is None:
        detail = f"Whether {mode.name} is the same where it is built ({_said(built)}) and served ({_said(served)})"
        yield _disagreement(Level.UNKNOWN, f"{detail} is not known.", path)
    elif one != other:
        yield _disagreement(Level.ERROR, f"It is built by {mode.name} {built} and served by {served}.", path)


def _disagreement(level: Level, detail: str, path: Path) -> Finding:
    return Finding(codes.DIFFERENT_TOOLS, level, detail, "", About.DEPLOYMENT, path)


def _said(version: Json) -> str:
    return str(version) if version else "not said"
