"""The processors that this job needs, checked; every other one of Data Prepper, known by name."""

import re
from collections.abc import Container, Mapping
from typing import Annotated, Any, ClassVar, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, model_validator

from osis.plugin import Plugin
from osis.problems import Inconsistent, Path, refuse
from osis.values import (
    Condition,
    EventKey,
    Flag,
    Integer,
    Name,
    NotEmpty,
    Options,
    RegularExpression,
    Several,
    Text,
    event_key,
)

# Every plugin of the type Processor in Data Prepper 2.16, with its older names.
OTHER_PROCESSORS = frozenset(
    """
    aggregate anomaly_detector aws_lambda csv decompress delay detect_format dissect drop_events filter_list
    flatten geoip grok hash key_value list_to_map lowercase_string map_to_list ml_inference no-op obfuscate
    otel_apm_service_map otel_metrics otel_metrics_raw_processor otel_trace_group otel_trace_raw otel_traces
    parse_ion parse_json parse_xml rate_limiter replace_string s3_enrich service_map service_map_stateful
    split_event split_string string_converter trace_peer_forwarder translate trim_string truncate
    uppercase_string user_agent wrap_entries write_json
    """.split()  # noqa: SIM905 - names read better as words
)


# java.time.ZoneId.of
_OFFSET = re.compile(
    r"Z|(UTC|GMT|UT)?[+-](0?\d|1[0-8]|(0\d|1[0-7])(:[0-5]\d(:[0-5]\d)?|([0-5]\d){1,2})|18(:?00){1,2})|UTC|GMT|UT",
    re.ASCII,
)
_NO_ZONES_OF_JAVA = frozenset({"EST", "MST", "HST", "ROC", "Factory", "localtime", "posixrules"})
_ZONE = re.compile(r"[A-Za-z][\w~/.+-]+", re.ASCII)
# java.time.format.DateTimeFormatterBuilder: how often a letter may stand in a row, where not up to five times.
_IN_A_ROW: Mapping[str, Container[int]] = {
    **dict.fromkeys("yugAnN", range(1, 20)),
    **dict.fromkeys("dhHkKmsw", (1, 2)),
    **dict.fromkeys("aFW", (1,)),
    **dict.fromkeys("vO", (1, 4)),
    "B": (1, 4, 5),
    "c": (1, 3, 4, 5),
    "D": (1, 2, 3),
    "S": range(1, 10),
    "V": (2,),
    "Y": range(1, 2048),
    "z": range(1, 5),
}
_UP_TO_FIVE = range(1, 6)


def _date_pattern(pattern: str) -> str:
    # DateProcessorConfig.isValidPattern: an epoch unit, else a pattern of java.time.format.DateTimeFormatter.
    if pattern in ("epoch_second", "epoch_milli", "epoch_micro", "epoch_nano"):
        return pattern
    if pattern.startswith("epoch_"):
        raise ValueError(f"{pattern!r} is not allowed; use epoch_second, epoch_milli, epoch_micro or epoch_nano")
    if pattern.count("'") % 2:
        raise ValueError(f"{pattern!r} has a quote without an end")
    unquoted = set("".join(pattern.split("'")[::2]))
    if wrong := sorted(unquoted & set("bCfIiJjloPRrTtU{}#")):
        raise ValueError(f"{pattern!r} is not a date pattern of Java: quote {' '.join(wrong)} as in 'T'")
    for found in re.finditer(r"([A-Za-z])\1*", " ".join(pattern.split("'")[::2])):
        if len(found[0]) not in _IN_A_ROW.get(found[1], _UP_TO_FIVE):
            raise ValueError(f"{pattern!r} is not a date pattern of Java: no letter {found[1]} {len(found[0])} times")
        if found[1] == "p" and not re.match("[A-Za-z]", found.string[found.end() :]):
            raise ValueError(f"{pattern!r} is not a date pattern of Java: p has no letter after it to fill up")
    return pattern


def _zone(zone: str) -> str:
    # DateProcessorConfig.isSourceTimezoneValid: java.time.ZoneId.of, so an offset or a name of the tz database.
    if not _OFFSET.fullmatch(zone) and not _is_name_of_zone(zone):
        raise ValueError(f"{zone!r} is not a time zone; use a name like Europe/Paris or an offset like +02:00")
    return zone


def _is_name_of_zone(zone: str) -> bool:
    # Where this machine has no tz database, any name of the right form.
    known = available_timezones()
    return zone in known - _NO_ZONES_OF_JAVA if known else _ZONE.fullmatch(zone) is not None


def _locale(locale: str) -> str:
    # DateProcessorConfig.buildLocale; of the codes only the form is checked here.
    if locale and not re.fullmatch(r"[A-Za-z]{2,3}([-_][A-Za-z]{2,3}([-_]\w*)?)?", locale, re.ASCII):
        raise ValueError(f"{locale!r} is not a locale; use a language and a country as in en_US")
    return locale


def _added_key(key: str) -> str:
    # AddEntryProcessor: a key with a pattern in it is made for each event.
    return key if "${" in key or "%{" in key else event_key(key)


DatePattern = Annotated[Text, AfterValidator(_date_pattern)]
AddedKey = Annotated[Text, AfterValidator(_added_key)]
Zone = Annotated[Text, AfterValidator(_zone)]
Locale = Annotated[Text, AfterValidator(_locale)]


class SelectEntries(Options):
    """SelectEntriesProcessorConfig."""

    include_keys: Several[Text] | None = None
    include_keys_regex: Several[RegularExpression] | None = None
    select_when: Condition | None = None

    @model_validator(mode="after")
    def _something(self) -> "SelectEntries":
        if not self.include_keys and not self.include_keys_regex:
            raise Inconsistent(((), "selects nothing; write include_keys or include_keys_regex"))
        return self


class Deletion(Options):
    """DeleteEntryProcessorConfig.Entry."""

    with_keys: Several[Name] | None = None
    with_keys_regex: Several[RegularExpression] | None = None
    exclude_from_delete: Several[Text] | None = None
    delete_when: Condition | None = None
    iterate_on: Text | None = None
    delete_from_element_when: Condition | None = None

    @model_validator(mode="after")
    def _conditions_have_a_use(self) -> "Deletion":
        if self.exclude_from_delete and not self.with_keys_regex:
            raise Inconsistent((("exclude_from_delete",), "has a meaning only beside with_keys_regex"))
        if self.delete_from_element_when is not None and self.iterate_on is None:
            raise Inconsistent((("delete_from_element_when",), "has a meaning only beside iterate_on"))
        return self


class DeleteEntries(Deletion):
    """DeleteEntryProcessorConfig."""

    entries: Several[Deletion] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "DeleteEntries":
        given = [name for name in ("entries", "with_keys", "with_keys_regex") if getattr(self, name) is not None]
        if len(given) != 1:
            beside = f"{' and '.join(given)} stand side by side" if given else "deletes nothing"
            raise Inconsistent(((), f"{beside}; write exactly one of entries, with_keys and with_keys_regex"))
        return self


class Addition(Options):
    """AddEntryProcessorConfig.Entry."""

    key: AddedKey | None = None
    metadata_key: Text | None = None
    value: Any = None
    format: Text | None = None
    value_expression: Text | None = None
    add_when: Condition | None = None
    overwrite_if_key_exists: Flag = False
    append_if_key_exists: Flag = False
    iterate_on: Text | None = None
    add_to_element_when: Condition | None = None
    flatten_key: Flag = True
    disable_root_keys: Flag = True
    evaluate_when_on_element: Flag = False

    @model_validator(mode="after")
    def _consistent(self) -> "Addition":
        found: list[tuple[Path, str]] = []
        if self.key is None and self.metadata_key is None:
            found.append(((), "adds to nothing; write key or metadata_key"))
        given = [name for name in ("value", "format", "value_expression") if getattr(self, name) is not None]
        if len(given) != 1:
            found.append(((), "needs exactly one of value, format and value_expression"))
        if self.overwrite_if_key_exists and self.append_if_key_exists:
            found.append((("append_if_key_exists",), "cannot stand beside overwrite_if_key_exists; keep one of them"))
        if self.iterate_on is None:
            found += [
                ((name,), "has a meaning only beside iterate_on")
                for name, used in (
                    ("flatten_key", not self.flatten_key),
                    ("disable_root_keys", not self.disable_root_keys),
                )
                if used
            ]
        if self.evaluate_when_on_element and (self.iterate_on is None or self.add_to_element_when is None):
            found.append(
                (("evaluate_when_on_element",), "has a meaning only beside both iterate_on and add_to_element_when")
            )
        refuse(found)
        return self


class AddEntries(Options):
    """AddEntryProcessorConfig."""

    entries: Annotated[Several[Addition], Field(min_length=1)]


class Renaming(Options):
    """RenameKeyProcessorConfig.Entry."""

    from_key: EventKey | None = None
    from_key_regex: RegularExpression | None = None
    to_key: EventKey
    overwrite_if_to_key_exists: Flag = False
    rename_when: Condition | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Renaming":
        if (self.from_key is None) == (self.from_key_regex is None):
            raise Inconsistent(((), "needs exactly one of from_key and from_key_regex"))
        return self


class RenameKeys(Options):
    """RenameKeyProcessorConfig."""

    entries: Several[Renaming] | None = None
    transform_key: Literal["none", "lowercase", "uppercase", "capitalize"] = "none"

    @model_validator(mode="after")
    def _one_way(self) -> "RenameKeys":
        if (self.transform_key != "none") == (self.entries is not None):
            raise Inconsistent(((), "needs exactly one of entries and transform_key"))
        return self


class Copy(Options):
    """CopyValueProcessorConfig.Entry."""

    from_key: Name
    to_key: Name
    overwrite_if_to_key_exists: Flag = False
    copy_when: Condition | None = None


class CopyValues(Options):
    """CopyValueProcessorConfig."""

    entries: Annotated[Several[Copy], Field(min_length=1)]
    from_list: Text | None = None
    to_list: Text | None = None
    overwrite_if_to_list_exists: Flag = False

    @model_validator(mode="after")
    def _both_lists(self) -> "CopyValues":
        if (self.from_list is None) != (self.to_list is None):
            raise Inconsistent(((), "needs both from_list and to_list, or neither"))
        return self


class CoerceStrings(Options):
    """ConvertEntryTypeProcessorConfig.CoerceStringsConfig."""

    never_null: ClassVar[frozenset[str]] = frozenset({"time_formats"})

    time_formats: Several[DatePattern] | None = None


class ConvertType(Options):
    """ConvertEntryTypeProcessorConfig; `scale` counts decimal places of big_decimal."""

    key: NotEmpty | None = None
    keys: Several[Text] | None = None
    type: Literal["integer", "long", "double", "big_decimal", "string", "boolean"] = "integer"
    scale: Integer = 0
    null_conversion_values: Several[Text] | None = None
    null_values: Several[Text] | None = None
    coerce_strings: CoerceStrings | None = None
    tags_on_failure: Several[Text] | None = None
    convert_when: Condition | None = None
    iterate_on: Text | None = None

    @model_validator(mode="before")
    @classmethod
    def _empty_coercion(cls, data: Any) -> Any:
        # The one option of which Data Prepper reads "without a value" as "with its defaults".
        if isinstance(data, dict) and "coerce_strings" in data and data["coerce_strings"] is None:
            return data | {"coerce_strings": {}}
        return data

    @model_validator(mode="after")
    def _something(self) -> "ConvertType":
        # ConvertEntryTypeProcessor.getKeysToConvert
        if self.key is not None and self.keys is not None:
            raise Inconsistent((("keys",), "cannot stand beside key; keep one of them"))
        if self.key is None and self.keys is None and self.coerce_strings is None:
            raise Inconsistent(((), "converts nothing; write key, keys or coerce_strings"))
        return self


class Substitution(Options):
    """SubstituteStringProcessorConfig.Entry; `from` is a Java regular expression."""

    source: EventKey
    from_: Annotated[RegularExpression, Field(alias="from")]
    to: Text
    substitute_when: Condition | None = None


class SubstituteString(Options):
    """SubstituteStringProcessorConfig."""

    entries: Several[Substitution]


class DateMatch(Options):
    """DateProcessorConfig.DateMatch."""

    key: Text
    patterns: Annotated[Several[DatePattern], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_epoch(self) -> "DateMatch":
        if sum(pattern.startswith("epoch_") for pattern in self.patterns) > 1:
            raise Inconsistent((("patterns",), "has more than one epoch pattern; keep one of them"))
        return self


class Date(Options):
    """DateProcessorConfig. Time zones default to the engine's, the output to ISO 8601 with milliseconds."""

    never_null: ClassVar[frozenset[str]] = frozenset({"output_format", "source_timezone", "destination_timezone"})

    from_time_received: Flag = False
    match: Annotated[Several[DateMatch], Field(min_length=1, max_length=1)] | None = None
    destination: Text = "@timestamp"
    output_format: DatePattern | None = None
    origination_timestamp_to_metadata: Flag = False
    to_origination_metadata: Flag = False
    source_timezone: Zone | None = None
    destination_timezone: Zone | None = None
    locale: Locale | None = None
    date_when: Condition | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Date":
        if self.from_time_received == (self.match is not None):
            raise Inconsistent(((), "needs exactly one of match and from_time_received: true"))
        return self


class Processor(Plugin):
    """Exactly one processor."""

    noun = "processor"
    unchecked = OTHER_PROCESSORS

    select_entries: SelectEntries | None = None
    delete_entries: DeleteEntries | None = None
    add_entries: AddEntries | None = None
    rename_keys: RenameKeys | None = None
    copy_values: CopyValues | None = None
    convert_type: ConvertType | None = None
    convert_entry_type: ConvertType | None = None
    substitute_string: SubstituteString | None = None
    date: Date | None = None
