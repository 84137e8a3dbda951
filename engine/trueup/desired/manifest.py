"""The manifest: what apply leaves with the target and the ledger, so that a diff needs neither git nor the past.

Its shape is a format: targets keep it between releases of this tool. A key may be added, none renamed.
"""

import json

from trueup.core.json import Json
from trueup.desired.state import DesiredDeployment


def manifest_of(deployment: DesiredDeployment) -> dict[str, Json]:
    """Return what *deployment* is and the documents behind it.

    `deployment` is its JSON; `documents` the content of every document it reaches, by address; `origins` where
    each was declared. Origins are for people: a file that moved is not a change.
    """
    return {
        "deployment": deployment.to_json(),
        "documents": {str(r.id): json.loads(r.canonical) for r in deployment.resources},
        "origins": {str(r.id): str(r.origin.span) for r in deployment.resources},
    }
