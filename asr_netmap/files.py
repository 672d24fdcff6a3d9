"""Writing files so that they are whole or not there, and private where they hold ids."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from asr_netmap.errors import FileError

_SHOWN_OF_NAME = 40  # of the file's name in that of its temporary file; the whole may be too long


def write_atomically(path: Path, text: str | Iterable[str], *, private: bool = True) -> None:
    """Write `text`, whole or in pieces, as UTF-8 to `path`, or leave what is there as it was.

    The new file replaces the old one in one step, after it is on the disk. A link at `path` is
    replaced, never followed.

    private -- only the owner may read it.
    Raises FileError, also for a place that is no regular file: a device must not be replaced.
    """
    try:
        _refuse_special(path)
        prefix = f".{path.name[:_SHOWN_OF_NAME]}."
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=".tmp")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise _not_written(path, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.writelines([text] if isinstance(text, str) else text)
            file.flush()
            os.fsync(file.fileno())
        if not private:
            temporary.chmod(0o644)
        temporary.replace(path)
    except (OSError, UnicodeError) as error:
        raise _not_written(path, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_new(path: Path, text: str | Iterable[str], *, private: bool = True) -> None:
    """Write `text` to a file that does not exist yet. Raises FileError."""
    claim_new(path)
    try:
        write_atomically(path, text, private=private)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def claim_new(path: Path) -> None:
    """Make an empty file where there was none; of two processes one succeeds.

    Raises FileError: there is something, or the directory can't be written to.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError:
        raise FileError(
            f"{path} exists already, and is not overwritten.",
            "Give another name, or move it away.",
        ) from None
    except OSError as error:
        raise _not_written(path, error) from None


def read_bytes(path: Path, what: str, limit: int) -> bytes:
    """All bytes of a file of at most `limit`, read once.

    what -- such as "plan file", for messages. Raises FileError.
    """
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise FileError(
            f"The {what} {path} can't be read: {_said(error)}.", "Check the path."
        ) from error
    if len(data) > limit:
        raise FileError(f"The {what} {path} is larger than {limit} bytes.", f"It is no {what}.")
    return data


def read_text(path: Path, what: str, limit: int) -> str:
    """The text of a file of at most `limit` bytes.

    what -- such as "plan file", for messages. Raises FileError.
    """
    return decoded(read_bytes(path, what, limit), path, what)


def decoded(data: bytes, path: Path, what: str) -> str:
    """The text that bytes read from `path` hold, without a byte order mark. Raises FileError."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileError(
            f"The {what} {path} is not UTF-8 text: {error}.", "Check the path."
        ) from None


def _refuse_special(path: Path) -> None:
    """Raise OSError for a directory, a device, a pipe, or a link to one of them."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISREG(mode):
        raise OSError("it is no regular file")


def _said(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _not_written(path: Path, error: Exception) -> FileError:
    return FileError(
        f"{path} can't be written: {_said(error)}.",
        "Choose a file in a directory that exists and that you can write to.",
    )
