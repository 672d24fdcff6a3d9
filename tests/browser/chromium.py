"""Headless Chromium, driven by selenium: what it says, asks for and measures, as values."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Either has the one file that is needed; the second is newer and wants Python 3.12.
_AXE = (
    ("axe_selenium_python", "node_modules/axe-core/axe.min.js"),
    ("axe_core_python", "axe.min.js"),
)
WIDE, NARROW = 1440, 390


def programs() -> tuple[str, str] | None:
    """The browser and its driver; None: one of them is not installed."""
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    driver = shutil.which("chromedriver")
    return (browser, driver) if browser and driver else None


def axe_source() -> str:
    """The source of axe-core, as a package for development brings it."""
    for package, path in _AXE:
        found = importlib.util.find_spec(package)
        if found is not None and found.submodule_search_locations:
            file = Path(found.submodule_search_locations[0]) / path
            if file.is_file():
                return file.read_text(encoding="utf-8")
    raise FileNotFoundError("no package with axe-core is installed")


@dataclass(frozen=True)
class Tab:
    """A browser that shows one page at a time."""

    driver: Any

    def open(
        self, page: Path, *, width: int = WIDE, dark: bool = False, script: bool = True
    ) -> float:
        """Show a file; returns the seconds until it was loaded and laid out."""
        self.cdp("Emulation.setScriptExecutionDisabled", value=not script)
        self.size(width)
        self.scheme(dark=dark)
        begun = time.perf_counter()
        self.driver.get(page.resolve().as_uri())
        if script:
            self.run("return document.body.offsetHeight")
        return time.perf_counter() - begun

    def size(self, width: int, height: int = 900) -> None:
        """The window's size in CSS pixels."""
        self.cdp(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )

    def scheme(self, *, dark: bool, media: str = "screen") -> None:
        """Light or dark, on the screen or on paper."""
        value = "dark" if dark else "light"
        features = [{"name": "prefers-color-scheme", "value": value}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)

    def run(self, script: str, *arguments: object) -> Any:
        """What a script in the page returns."""
        return self.driver.execute_script(script, *arguments)

    def cdp(self, method: str, **parameters: object) -> Any:
        """One call of the browser's own protocol."""
        return self.driver.execute_cdp_cmd(method, parameters)

    def said(self) -> list[str]:
        """What was written to the console since it was last asked."""
        return [f"{each['level']}: {each['message']}" for each in self.driver.get_log("browser")]

    def requested(self) -> list[str]:
        """The addresses that were asked for since it was last asked."""
        entries = [json.loads(each["message"])["message"] for each in self._performance()]
        sent = [e for e in entries if e["method"] == "Network.requestWillBeSent"]
        return [entry["params"]["request"]["url"] for entry in sent]

    def _performance(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.driver.get_log("performance")
        return found

    def violations(self) -> list[str]:
        """What axe-core finds wrong for people who don't see, hear or point as others do."""
        if not self.run("return typeof window.axe === 'object'"):
            self.run(axe_source())
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {resultTypes: ['violations']})"
            ".then((r) => done(r.violations),"
            "      (e) => done([{id: 'error', help: String(e), nodes: []}]));"
        )
        return [
            f"{each['id']}: {each['help']}: {[node['html'][:150] for node in each['nodes'][:3]]}"
            for each in found
        ]

    def wider_than_the_window(self) -> list[str]:
        """What sticks out to the right, unless it lies in a part that scrolls by itself."""
        found: list[str] = self.run(
            "const width = document.documentElement.clientWidth;"
            "const out = document.documentElement.scrollWidth > width ? ['the page'] : [];"
            "for (const each of document.querySelectorAll('body *')) {"
            "  if (each.closest('.scroll') || each.closest('.skip')) continue;"
            "  const {right} = each.getBoundingClientRect();"
            "  if (right > width + 1) out.push(each.outerHTML.slice(0, 150));"
            "} return out;"
        )
        return found

    def press_tab(self) -> None:
        """Go to what the keyboard reaches next."""
        for kind in ("rawKeyDown", "keyUp"):
            self.cdp(
                "Input.dispatchKeyEvent",
                type=kind,
                key="Tab",
                code="Tab",
                windowsVirtualKeyCode=9,
            )

    def elements(self, selector: str) -> list[Any]:
        """Elements by CSS, found from outside: it works where scripts are off."""
        found: list[Any] = self.driver.find_elements("css selector", selector)
        return found

    def picture(self, *, whole: bool = True) -> bytes:
        """A PNG of the page."""
        return base64.b64decode(
            self.cdp("Page.captureScreenshot", captureBeyondViewport=whole, format="png")["data"]
        )

    def printed(self) -> bytes:
        """The page as it comes out of a printer, as PDF."""
        self.scheme(dark=False, media="")
        return base64.b64decode(self.cdp("Page.printToPDF", printBackground=True)["data"])


@contextmanager
def chromium() -> Iterator[Tab]:
    """A browser without a window, which is gone afterwards. Needs `programs`."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    found = programs()
    assert found is not None
    os.environ["SE_OFFLINE"] = "true"  # selenium never fetches a driver of its own
    options = webdriver.ChromeOptions()
    options.binary_location = found[0]
    for argument in (
        "--headless=new",
        "--no-sandbox",  # of the browser's processes: in a container it has no rights to make one
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--hide-scrollbars",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(executable_path=found[1]))
    try:
        driver.set_script_timeout(300)
        yield Tab(driver)
    finally:
        driver.quit()
