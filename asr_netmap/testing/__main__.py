"""``python -m asr_netmap.testing cassettes``: lint cassettes before they are shared."""

from __future__ import annotations

import sys
from pathlib import Path

from asr_netmap.errors import AsrNetmapError
from asr_netmap.testing.lint import lint_folder


def main(arguments: list[str]) -> int:
    """Print every find. 0: clean; 1: finds; 2: a path that can't be read, or none given."""
    if not arguments:
        sys.stderr.write("usage: python -m asr_netmap.testing FILE_OR_FOLDER ...\n")
        return 2
    try:
        hits = [hit for argument in arguments for hit in lint_folder(Path(argument))]
    except AsrNetmapError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.writelines(f"{hit}\n" for hit in hits)
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
