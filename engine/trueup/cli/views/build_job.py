"""A rendered Job: YAML for `kubectl apply -f -`, or the same objects as one JSON list."""

import json
from collections.abc import Mapping

from trueup.builds.job import to_yaml
from trueup.cli.output import Format
from trueup.core.json import Json


def render(objects: tuple[Mapping[str, Json], ...], output: Format) -> str:
    """Return *objects* as text that Kubernetes takes."""
    if output is Format.JSON:
        listed: Json = {"apiVersion": "v1", "kind": "List", "items": [dict(o) for o in objects]}
        return json.dumps(listed, indent=2, ensure_ascii=False)
    return to_yaml(objects).rstrip()
