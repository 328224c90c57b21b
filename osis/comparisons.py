"""Conditions that look for numbers of the table and never find them.

A number of DynamoDB is a BigDecimal in Data Prepper, which compares it with no number that is written in a condition,
until convert_type makes another type of it (data-prepper issue 4817).
"""

from collections.abc import Iterator

from osis.expressions import comparisons_with_numbers, key_of
from osis.model import PipelineBody, SubPipeline
from osis.problems import Path
from osis.processors import AddEntries, ConvertType, CopyValues, Processor, RenameKeys
from osis.values import Options, leaves

_NOT_OF_THE_TABLE = "a value of the body"

Types = dict[str, str]


def wrong_comparisons(body: PipelineBody) -> Iterator[tuple[Path, str]]:
    """Yield each comparison, in conditions of processors, routes and actions, that comes out wrong, and what helps."""
    for name, pipeline in body.pipelines.items():
        types = _types_before(pipeline, body)
        for number, processor in enumerate(pipeline.processors):
            for path, condition in _conditions(processor):
                yield from _wrong((name, "processor", number, *path), condition, types)
            _follow(types, processor)
        option = "route" if pipeline.routes is None else "routes"
        for place, (route, condition) in enumerate(pipeline.conditions.items()):
            yield from _wrong((name, option, place, route), condition, types)
        for number, sink in enumerate(pipeline.sink):
            for place, action in enumerate((sink.opensearch and sink.opensearch.actions) or ()):
                path = (name, "sink", number, "opensearch", "actions", place, "when")
                yield from _wrong(path, action.when, types)


def _conditions(processor: Processor) -> Iterator[tuple[Path, str]]:
    plugin, options = processor.plugin
    if isinstance(options, Options):
        options = options.model_dump(mode="json", by_alias=True, exclude_unset=True)
    for path, value in leaves(options, (plugin,)):
        option = path[-1]
        # The keys in a condition on elements are those of a list's elements, of whose types nothing is known here.
        if isinstance(option, str) and option.endswith("_when") and not option.endswith("_element_when"):
            yield path, str(value)


def _types_before(pipeline: SubPipeline, body: PipelineBody) -> Types:
    """Return what the sub-pipelines before `pipeline` made of numbers, by key."""
    if pipeline.source is None or pipeline.source.pipeline is None:
        return {}
    before = body.pipelines[pipeline.source.pipeline.name]
    types = _types_before(before, body)
    for processor in before.processors:
        _follow(types, processor)
    return types


def _follow(types: Types, processor: Processor) -> None:
    """Enter into `types` what `processor` makes of numbers."""
    match processor.plugin[1]:
        case ConvertType(iterate_on=None) as conversion:
            keys = conversion.keys or (conversion.key,)
            types |= {key_of(key): conversion.type for key in keys if key}
        case RenameKeys() as renaming:
            for entry in renaming.entries or ():
                if found := types.pop(key_of(entry.from_key or ""), None):
                    types[key_of(entry.to_key)] = found
        case CopyValues(from_list=None) as copying:
            for copy in copying.entries:
                if found := types.get(key_of(copy.from_key)):
                    types[key_of(copy.to_key)] = found
        case AddEntries() as adding:
            types |= {key_of(one.key): _NOT_OF_THE_TABLE for one in adding.entries if one.key and not one.iterate_on}


def _wrong(path: Path, condition: str | None, types: Types) -> Iterator[tuple[Path, str]]:
    for comparison in comparisons_with_numbers(condition or ""):
        key, wanted = comparison.key, comparison.types[0]
        found = types.get(key)
        if found is None:
            yield (
                path,
                f"compares {key!r} with a number, and a number of the table is never equal to, below or above one; "
                f"add before it the processor convert_type with key: {key} and type: {wanted}",
            )
        elif found not in (*comparison.types, _NOT_OF_THE_TABLE):
            yield path, f"looks for a number in {key!r}, which convert_type makes {found}; make it {wanted} before"
