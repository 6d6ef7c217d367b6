"""`python -m tidemill.entrypoints.http.openapi` prints the OpenAPI document that is committed as contracts/openapi.json."""

from __future__ import annotations

import json
import sys

from tidemill.entrypoints.http.app import create_app


def openapi_text() -> str:
    """The OpenAPI document as it is committed."""
    return json.dumps(create_app(None).openapi(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    sys.stdout.write(openapi_text())
