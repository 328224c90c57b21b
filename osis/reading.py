"""A body from text."""

from collections.abc import Iterator

import strict_yaml
from osis.model import LONGEST_BODY, PipelineBody, body_of
from osis.problems import InvalidBody, Path, Problem, at
from osis.render import too_long


def parse(text: str) -> PipelineBody:
    """Return the body that the YAML in `text` describes. Raises InvalidBody with every problem found."""
    if len(text) > LONGEST_BODY:
        raise InvalidBody([too_long(text)])
    try:
        document = strict_yaml.read(text.encode())
    except (strict_yaml.InvalidYaml, UnicodeEncodeError) as error:
        raise InvalidBody([Problem("body", str(error))]) from None
    if tagged := [*_tagged(document, ())]:
        raise InvalidBody(tagged)
    return body_of(document)


def _tagged(value: object, path: Path) -> Iterator[Problem]:
    # YAML tags make bytes, sets and the like: no JSON, and no option of Data Prepper.
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _tagged(below, (*path, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _tagged(below, (*path, number))
    elif not isinstance(value, str | int | float | bool | None):
        yield Problem(at(path), f"is of the YAML type {type(value).__name__}, which Data Prepper does not read")
