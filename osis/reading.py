"""A body from text."""

import yaml

import strict_yaml
from osis.model import LONGEST_BODY, PipelineBody, body_of
from osis.problems import InvalidBody, Problem
from osis.render import too_long


def parse(text: str) -> PipelineBody:
    """Return the body that the YAML in `text` describes. Raises InvalidBody with every problem found."""
    if len(text) > LONGEST_BODY:
        raise InvalidBody([too_long(text)])
    _refuse_tabs(text)
    try:
        document = strict_yaml.read(text.encode())
    except (strict_yaml.InvalidYaml, UnicodeEncodeError) as error:
        raise InvalidBody([Problem("body", str(error))]) from None
    return body_of(document)


def _refuse_tabs(text: str) -> None:
    """LibYAML, which reads here, takes a tab for a space; Data Prepper's SnakeYAML and PyYAML itself do not."""
    if "\t" not in text:
        return
    try:
        for _ in yaml.scan(text, Loader=yaml.SafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        if mark is not None and mark.buffer is not None and mark.buffer[mark.pointer : mark.pointer + 1] == "\t":
            where = f"line {mark.line + 1}, column {mark.column + 1}"
            raise InvalidBody(
                [Problem("body", f"{where}: a tab, which Data Prepper does not read here; use spaces")]
            ) from None
    except yaml.YAMLError:
        pass  # what else is wrong is said by whoever reads it
