"""For which interpreter and platform a bundle is made, and which wheels fit there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from asr_netmap.errors import UsageError

# Azure Automation runs Python 3.10 runbooks on 64-bit Linux (Microsoft Learn,
# automation/python-3-packages, 2023); its example of a wheel is a manylinux2014 one.
DEFAULT_PYTHON = "3.10"
DEFAULT_PLATFORM = "manylinux2014_x86_64"

_MINORS = range(10, 14)
_FIRST_ABI3 = 2
# The versions of glibc behind the older names (PEP 600).
_LEGACY = {"manylinux1": 5, "manylinux2010": 12, "manylinux2014": 17}
_MANYLINUX = re.compile(r"(?:(manylinux\d+)|manylinux_2_(\d+))_(x86_64|aarch64)")


@dataclass(frozen=True, slots=True)
class Target:
    """A CPython and a platform.

    minor -- of Python 3. glibc -- the oldest 2.x that it must run with; None: Windows.
    machine -- ``x86_64``, ``aarch64``, or ``amd64`` on Windows.
    """

    minor: int
    glibc: int | None
    machine: str

    @property
    def python(self) -> str:
        """Such as ``3.10``."""
        return f"3.{self.minor}"

    @property
    def interpreter(self) -> str:
        """Such as ``cp310``."""
        return f"cp3{self.minor}"

    @property
    def abis(self) -> tuple[str, ...]:
        """The ABIs of wheels that fit, best first."""
        return (self.interpreter, "abi3", "none")

    @property
    def platforms(self) -> tuple[str, ...]:
        """The platform tags of wheels that fit, the one that runs on most machines first."""
        if self.glibc is None:
            return (f"win_{self.machine}",)
        return tuple(
            f"{name}_{self.machine}"
            for version in range(5, self.glibc + 1)
            for name in _names_of(version)
        )

    @property
    def tag(self) -> str:
        """The tags of the bundle's own wheel, as in its file name."""
        if self.glibc is None:
            return f"{self.interpreter}-{self.interpreter}-win_{self.machine}"
        names = [f"{name}_{self.machine}" for name in _names_of(self.glibc)]
        return f"{self.interpreter}-{self.interpreter}-{'.'.join(names)}"

    @property
    def markers(self) -> Mapping[str, str]:
        """The variables of environment markers (PEP 508) as they are there."""
        windows = self.glibc is None
        return {
            "implementation_name": "cpython",
            "os_name": "nt" if windows else "posix",
            "platform_machine": "AMD64" if windows else self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Windows" if windows else "Linux",
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": "win32" if windows else "linux",
        }

    def rank(self, tags: str) -> tuple[int, int] | None:
        """How well a wheel fits, less is better; None: not at all.

        tags -- the end of its file name, such as ``cp39-abi3-manylinux2014_x86_64``, where a dot
            stands between tags of which any will do.
        """
        ranks = [rank for each in _expanded(tags) if (rank := self._rank(*each)) is not None]
        return min(ranks, default=None)

    def _rank(self, python: str, abi: str, platform: str) -> tuple[int, int] | None:
        if platform == "any":
            place = len(self.platforms)
        elif platform in self.platforms:
            place = self.platforms.index(platform)
        else:
            return None
        if abi not in self.abis or not self._understands(python, abi):
            return None
        return self.abis.index(abi), place

    def _understands(self, python: str, abi: str) -> bool:
        found = re.fullmatch(r"(py|cp)3(\d*)", python)
        if found is None:
            return False
        kind, minor = found.group(1), int(found.group(2) or 0)
        if kind == "py":
            return abi == "none" and minor <= self.minor
        if abi == "abi3":
            return _FIRST_ABI3 <= minor <= self.minor
        return minor == self.minor


def parse_target(python: str, platform: str) -> Target:
    """The target that was typed. Raises UsageError."""
    found = re.fullmatch(r"3\.(\d+)", python)
    if found is None or int(found.group(1)) not in _MINORS:
        raise UsageError(
            f"--python {python!r} is no Python that asr-netmap runs on.",
            f"Choose one of 3.{_MINORS.start} to 3.{_MINORS.stop - 1}; "
            f"Azure Automation has {DEFAULT_PYTHON}.",
        )
    minor = int(found.group(1))
    if platform == "win_amd64":
        return Target(minor, None, "amd64")
    linux = _MANYLINUX.fullmatch(platform)
    if linux is None or (linux.group(1) and linux.group(1) not in _LEGACY):
        raise UsageError(
            f"--platform {platform!r} is not understood.",
            f"Give a wheel's platform tag: {DEFAULT_PLATFORM} (Azure Automation), "
            "manylinux_2_28_x86_64, manylinux2014_aarch64 or win_amd64.",
        )
    glibc = _LEGACY[linux.group(1)] if linux.group(1) else int(linux.group(2))
    return Target(minor, glibc, linux.group(3))


def _names_of(glibc: int) -> Iterator[str]:
    yield f"manylinux_2_{glibc}"
    yield from (name for name, version in _LEGACY.items() if version == glibc)


def _expanded(tags: str) -> Iterator[tuple[str, str, str]]:
    pythons, abis, platforms = (part.split(".") for part in tags.split("-"))
    for python in pythons:
        for abi in abis:
            for platform in platforms:
                yield python, abi, platform
