"""Language models, asked through pydantic-ai, which is an extra of its own."""

from importlib.util import find_spec

from tidemill.errors import Unsupported

if find_spec("pydantic_ai") is None:
    raise Unsupported("Drafting with a model needs the extra `models`: run pip install 'tidemill[models]', or draft with --provider none.")
