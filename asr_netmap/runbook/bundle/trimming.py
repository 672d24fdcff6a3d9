"""What of the packages is left out of the bundle, and why nobody misses it there.

Each entry was tried: a test imports every module that this program imports, in the bundle alone,
and runs the whole job. What remains is mostly three compiled libraries (cryptography,
pydantic-core, PyYAML), which the packages load when they are imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True, slots=True)
class Cut:
    """Files that are left out.

    what -- for people. why -- nobody misses them. patterns -- of paths in the wheels, where a
    star stands for slashes, too.
    """

    what: str
    why: str
    patterns: tuple[str, ...]

    def takes(self, path: str) -> bool:
        """Whether a file falls under it."""
        return any(fnmatchcase(path, pattern) for pattern in self.patterns)


CUTS = (
    Cut(
        "asynchronous twins of the SDKs",
        "only the synchronous clients are used, from threads; azure.core keeps its own, since "
        "parts of it are imported by name",
        ("azure/mgmt/*/aio/*", "azure/identity/aio/*"),
    ),
    Cut(
        "pygments, markdown-it-py, mdurl",
        "rich loads them to colour source code and to lay out Markdown on a terminal",
        ("pygments/*", "markdown_it/*", "mdurl/*"),
    ),
    Cut(
        "cffi's and pycparser's Python",
        "they build bindings; cryptography needs the compiled _cffi_backend only",
        ("cffi/*", "pycparser/*"),
    ),
    Cut(
        "pydantic's version 1",
        "a copy of the old pydantic for programs that still use it",
        ("pydantic/v1/*",),
    ),
    Cut(
        "type stubs, tests, headers",
        "for type checkers and developers",
        ("*.pyi", "*/tests/*", "*.pxd", "*.pyx", "*.h", "*.c"),
    ),
    Cut(
        "compiled bytecode",
        "made for one interpreter's exact version, and stale at once if a date differs",
        ("*.pyc", "*/__pycache__/*"),
    ),
)


def cut_of(path: str) -> Cut | None:
    """The cut that leaves a file out; None: it stays."""
    return next((cut for cut in CUTS if cut.takes(path)), None)
