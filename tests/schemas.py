"""The schema of configuration files beside their reader: what the one refuses of structure, the other must refuse."""

import functools
import re
import tomllib

import jsonschema

from cevns.config import load_config, schema
from cevns.errors import DataError

#: Problems of structure, which a schema can know, as the reader tells them.
STRUCTURE = re.compile(
    r": (?:unknown key; |missing(?:; give one of|$)|unknown kind (?!of templates)"
    r"|must be (?:a (?:text|table|list|finite number|whole number)|true or false), got (?!-?inf|nan|[-\d]))"
)
#: Keys that are names of axes, which are told by other tables; columns, which stand in files.
NAMES = re.compile(r"background(\[\d+\])?\.[^.:]+: (unknown key|missing)")


@functools.cache
def validator():
    """Return what validates documents."""
    return jsonschema.Draft202012Validator(schema())


def refusal(document):
    """Return why the schema refuses a document, None if it does not."""
    error = jsonschema.exceptions.best_match(validator().iter_errors(document))
    return error and f"{error.json_path}: {error.message[:300]}"


def document_of(path):
    """Return what a file holds, None if that is no TOML."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def loaded(path):
    """Load a file, of which schema and reader must think alike as far as a schema can think."""
    document = document_of(path)
    refused = None if document is None else refusal(document)
    try:
        config = load_config(path)
    except DataError as error:
        wrong = [line for line in str(error).splitlines() if STRUCTURE.search(line) and not NAMES.search(line)]
        # a column may be missing in a file that stands for it
        if document is not None and wrong and not re.search(r"\bfile\b", str(document)):
            assert refused, f"the schema accepts what the reader refuses: {wrong}"
        raise
    assert refused is None, refused
    return config
