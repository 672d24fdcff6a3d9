"""Pictures of the report, to look at; run by ``scripts/screenshots``."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.chromium import NARROW, Tab, chromium, programs
from tests.browser.pages import demo_page, large_page

README_PICTURE = Path(__file__).parent / "report.png"
_WIDTH, _TALLEST = 1440, 12_000
_LARGE = 5_000


def main(folder: Path) -> None:
    """Write the pictures into `folder`, and the README's beside this file."""
    if programs() is None:
        raise SystemExit("no Chromium with its driver: apt-get install chromium chromium-driver")
    folder.mkdir(parents=True, exist_ok=True)
    pages = {"demo": demo_page(), "large": large_page(_LARGE)}
    with chromium() as tab:
        for name, text in pages.items():
            page = folder / f"{name}.html"
            page.write_text(text, encoding="utf-8")
            _taken(tab, page, folder / f"{name}-light.png")
            _taken(tab, page, folder / f"{name}-dark.png", dark=True)
            _taken(tab, page, folder / f"{name}-phone.png", width=NARROW)
        tab.open(folder / "demo.html")
        (folder / "demo-print.pdf").write_bytes(tab.printed())
        tab.open(folder / "demo.html", width=1080)
        tab.size(1080, 1100)
        README_PICTURE.write_bytes(tab.picture(whole=False))
    print(f"Written: {README_PICTURE} and {folder}")


def _taken(tab: Tab, page: Path, to: Path, *, width: int = _WIDTH, dark: bool = False) -> None:
    tab.open(page, width=width, dark=dark)
    # What is far below is laid out only when it comes into view; here it has to be at once.
    tab.run("for (const each of document.querySelectorAll('.late')) each.className = ''")
    tab.size(width, min(tab.run("return document.documentElement.scrollHeight"), _TALLEST))
    to.write_bytes(tab.picture(whole=False))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots"))
