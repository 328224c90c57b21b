"""A file that somebody named: read where it is a file, and not too large to be what it is named for."""

from pathlib import Path


class Unreadable(Exception):
    """Why it gives nothing to read; one line without the name of the file."""


class Missing(Unreadable):
    """There is none of that name."""


def read(path: Path, largest: int) -> bytes:
    """All of it, at most `largest` bytes. Raises Unreadable."""
    try:
        # Neither the end of a pipe nor that of a device need ever come.
        if path.exists() and not path.is_file():
            raise Unreadable("is no file")
        with path.open("rb") as stream:
            content = stream.read(largest + 1)
    except FileNotFoundError:
        raise Missing("there is no such file") from None
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    if len(content) > largest:
        raise Unreadable(f"has {path.stat().st_size:,} bytes; at most {largest:,}")
    return content


def read_text(path: Path, largest: int) -> str:
    """The same as UTF-8 text."""
    try:
        return read(path, largest).decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"byte {error.start} is not UTF-8; save the file as UTF-8") from None
