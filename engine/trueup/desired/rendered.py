"""The desired state of an environment as plain files: what other tools read, and what people compare.

The same declaration gives the same bytes on every machine: no time, no place and no version of this tool enters them.
Secrets stay what they are in the declaration, references.
"""

import json
from urllib.parse import quote

from trueup.core.ids import ResourceId
from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment, DesiredState

FORMAT_VERSION = "1.0"
ENVIRONMENT_FILE = "environment.json"


def rendered_files(desired: DesiredState) -> dict[str, bytes]:
    """Return the files of *desired* by path, sorted: the environment, deployments, and the documents behind them."""
    documents = {resource.id: resource for deployment in desired.deployments for resource in deployment.resources}
    documents |= {resource.id: resource for resource in desired.exceptions}
    files = {ENVIRONMENT_FILE: _spelled(_environment(desired))}
    files |= {_deployment_path(d): _spelled(_deployment(d)) for d in desired.deployments}
    files |= {document_path(id_): _spelled(json.loads(r.canonical)) for id_, r in documents.items()}
    return dict(sorted(files.items()))


def document_path(id_: ResourceId) -> str:
    """Return where the document of a resource lies: `documents/Prompt/support@2.json`."""
    return "/".join(("documents", *(_name(part) for part in str(id_).split("/")))) + ".json"


def _environment(desired: DesiredState) -> dict[str, Json]:
    facts = desired.environment
    return {
        "formatVersion": FORMAT_VERSION,
        "environment": {
            "name": facts.name,
            "tier": facts.tier,
            "upstream": facts.upstream,
            "target": facts.target,
            "settings": facts.settings,
        },
        "digest": desired.digest,
        "deployments": [
            {
                "address": str(d.id),
                "file": _deployment_path(d),
                "release": d.release.digest,
                "digest": d.digest,
            }
            for d in desired.deployments
        ],
        "exceptions": [str(e.id) for e in desired.exceptions],
    }


def _deployment(deployment: DesiredDeployment) -> dict[str, Json]:
    pinned = deployment.release.artifact
    access = pinned.access
    source: dict[str, Json] = {
        "uri": pinned.uri,
        "digest": pinned.digest,
        "format": pinned.format,
        "revision": access.revision,
        "files": list(access.files),
        "endpoint": access.endpoint,
        "credentials": access.credentials,
    }
    return {
        "formatVersion": FORMAT_VERSION,
        **deployment.to_json(),
        "digest": deployment.digest,
        "releaseDigest": deployment.release.digest,
        "serverKey": deployment.server.key,
        "source": source,
        "build": deployment.release.build.to_json(),
    }


def _deployment_path(deployment: DesiredDeployment) -> str:
    return f"deployments/{_name(deployment.id.name)}.json"


def _name(part: str) -> str:
    """Spell a part of an address so that it is one name in a folder, wherever that is, and no hidden one."""
    name = quote(part, safe="@+")
    return f"%2E{name[1:]}" if name.startswith(".") else name


def _spelled(value: Json) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"
