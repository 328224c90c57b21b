"""A body from text."""

import strict_yaml
from osis.model import LONGEST_BODY, PipelineBody, body_of
from osis.problems import InvalidBody, Problem, at
from osis.render import too_long
from osis.values import leaves


def parse(text: str) -> PipelineBody:
    """Return the body that the YAML in `text` describes. Raises InvalidBody with every problem found."""
    if len(text) > LONGEST_BODY:
        raise InvalidBody([too_long(text)])
    try:
        document = strict_yaml.read(text.encode())
    except (strict_yaml.InvalidYaml, UnicodeEncodeError) as error:
        raise InvalidBody([Problem("body", str(error))]) from None
    # YAML tags make bytes, sets and the like: no JSON, and no option of Data Prepper.
    tagged = [
        Problem(at(path), f"is of the YAML type {type(value).__name__}, which Data Prepper does not read")
        for path, value in leaves(document)
        if not isinstance(value, str | int | float | bool | None)
    ]
    if tagged:
        raise InvalidBody(tagged)
    return body_of(document)
