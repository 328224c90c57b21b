"""How far the engine is, kept in a file that is always whole."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

FILE_NAME = "state.json"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DataFile(_Part):
    """A file of the export: how many of its lines have been delivered."""

    key: str
    lines: int = 0
    finished: bool = False


class Export(_Part):
    """`time` is the export's own, in milliseconds since 1970; `files` is None until the export is complete."""

    arn: str | None = None
    time: int = 0
    bucket: str = ""
    files: list[DataFile] | None = None

    @property
    def finished(self) -> bool:
        return self.files is not None and all(file.finished for file in self.files)


class Shard(_Part):
    """`second` and `seen` count the records of one second, from which versions are made."""

    parent: str | None = None
    sequence_number: str | None = None
    second: int = 0
    seen: int = 0
    finished: bool = False


class State(_Part):
    """`started` is in milliseconds since 1970; `export` and `shards` are None where the body has no such source."""

    started: int
    export: Export | None = None
    stream_arn: str | None = None
    shards: dict[str, Shard] = {}


class Checkpoint:
    """Reads and writes the state; a write replaces the file in one step."""

    def __init__(self, directory: Path) -> None:
        self._file = directory / FILE_NAME
        self._written = ""

    def load(self) -> State | None:
        if not self._file.exists():
            return None
        self._written = self._file.read_text()
        return State.model_validate_json(self._written)

    def save(self, state: State) -> None:
        text = state.model_dump_json()
        if text == self._written:
            return
        draft = self._file.with_suffix(".draft")
        draft.write_text(text)
        draft.replace(self._file)
        self._written = text
