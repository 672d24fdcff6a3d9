"""``python -m asr_netmap``."""

from __future__ import annotations

from asr_netmap.cli import main

if __name__ == "__main__":
    main()
