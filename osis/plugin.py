"""A list item that names one plugin, as sinks and processors do."""

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import ConfigDict, model_validator

from osis.problems import Inconsistent, suggestion
from osis.values import Options


class Plugin(Options):
    """A mapping with exactly one key, the plugin's name. Fields are the plugins whose options are checked."""

    model_config = ConfigDict(extra="allow")
    noun: ClassVar[str]
    unchecked: ClassVar[frozenset[str]]  # plugins that are known by name only

    @model_validator(mode="before")
    @classmethod
    def _one(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if len(data) != 1:
            raise Inconsistent(((), f"{len(data)} {cls.noun}s in one list item; write one item for each"))
        name, options = next(iter(data.items()))
        if name not in cls.unchecked and name not in cls.model_fields:
            known = suggestion(name, [*cls.model_fields, *cls.unchecked])
            raise Inconsistent(((name,), f"is not a {cls.noun} of Data Prepper{known}"))
        if options is not None and not isinstance(options, Mapping | Options):
            raise Inconsistent(((name,), f"{options!r} is not a mapping of keys to values"))
        return {name: {} if options is None else options}

    @property
    def plugin(self) -> tuple[str, Any]:
        """The plugin's name and options: a model, or the mapping as it was written."""
        for name in type(self).model_fields:
            if (options := getattr(self, name)) is not None:
                return name, options
        return next(iter((self.__pydantic_extra__ or {}).items()))
