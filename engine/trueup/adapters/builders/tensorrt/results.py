"""Looks at a finished engine on disk and keeps beside it what it is held to."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from trueup.adapters.builders.tensorrt import codes
from trueup.adapters.builders.tensorrt.toolchain import SIMULATED
from trueup.builds.command import RESOLVED_FILE
from trueup.builds.engine_result import disagreements
from trueup.core.errors import PermanentError
from trueup.core.json import Json


def write_held(engine: Path, held: Mapping[str, Json]) -> None:
    """Write what the engine is held to, beside it."""
    text = json.dumps(held, indent=2, sort_keys=True, ensure_ascii=False)
    (engine / RESOLVED_FILE).write_text(text + "\n", encoding="utf-8")


def read_held(engine: Path) -> Mapping[str, Json]:
    """Return what an engine is held to.

    Raises:
        PermanentError: The file beside it is missing or broken (ART423).
    """
    return _document(engine, RESOLVED_FILE)


def check_engine(engine: Path, held: Mapping[str, Json], version: str) -> bool:
    """Check an engine against what it is held to, and return whether it is simulated.

    Raises:
        PermanentError: It is another one, or not whole (ART423).
    """
    config = _document(engine, "config.json")
    files = {path.name: path.stat().st_size for path in engine.iterdir() if path.is_file()}
    problems = (*disagreements(config, files, held, version), *_lost_adapters(engine, held))
    if problems:
        raise PermanentError(codes.BROKEN_RESULT, f"{'; '.join(problems)}.")
    return config.get(SIMULATED) is True or SIMULATED in str(config["version"])


def _lost_adapters(engine: Path, held: Mapping[str, Json]) -> Iterator[str]:
    """Yield the adapters that were to be built in and are not there."""
    wanted = held.get("adapters")
    for number in range(wanted if isinstance(wanted, int) else 0):
        if not (engine / "lora" / str(number) / "adapter_config.json").is_file():
            yield f"adapter {number} is missing below `lora/`"


def _document(engine: Path, name: str) -> Mapping[str, Json]:
    try:
        document = json.loads((engine / name).read_bytes())
    except FileNotFoundError as error:
        raise PermanentError(codes.BROKEN_RESULT, f"`{name}` is missing.") from error
    except ValueError as error:
        raise PermanentError(codes.BROKEN_RESULT, f"`{name}` is no JSON: {error}.") from error
    if not isinstance(document, dict):
        raise PermanentError(codes.BROKEN_RESULT, f"`{name}` is no JSON object.")
    return document
