"""What a reader loads to open each page of the built book: bytes as servers send them, before any demo is touched.

    python benchmarks/weigh_pages.py            # needs `make book`

Text is counted compressed (gzip, level 6), as GitHub Pages and other servers send it; pictures and fonts as they are.
"""

from __future__ import annotations

import gzip
import os
import shutil
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

HTML = Path(__file__).resolve().parents[1] / "_build" / "html"
# A page has opened when its formulas and fonts are there, and the demos that are near have started.
OPENED = """async () => {
  const near = (figure) => figure.getBoundingClientRect().top < innerHeight + 400;
  const waiting = () => [...document.querySelectorAll("figure[data-explorable=widget]:not(.is-live)")].filter(near);
  if (window.MathJax?.startup) await MathJax.startup.promise;
  for (let turn = 0; turn < 600 && waiting().length; turn += 1) await new Promise((done) => setTimeout(done, 100));
  await document.fonts.ready;
}"""
TEXT = {".html", ".js", ".css", ".svg", ".json"}


@cache
def transferred(file: Path) -> int:
    """Bytes of a file as a server sends it."""
    data = file.read_bytes()
    return len(gzip.compress(data, 6, mtime=0)) if file.suffix in TEXT else len(data)


def loaded_files(page: Path) -> list[Path]:
    """The files that a browser loads to open a page, before anything on it is touched."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome-stable")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        sheet = browser.new_page(viewport={"width": 1280, "height": 900})
        addresses: set[str] = set()
        sheet.on("request", lambda request: addresses.add(request.url))
        sheet.goto(page.as_uri(), wait_until="load")
        sheet.evaluate(OPENED)
        browser.close()
    return sorted(Path(unquote(urlsplit(address).path)) for address in addresses if address.startswith("file:"))


def main() -> None:
    """Prints a line for each page."""
    print(f"{'page':<24} {'sent, kB':>9} {'on disk, kB':>12} {'files':>6}")
    for page in sorted(HTML.glob("*.html")):
        files = loaded_files(page)
        sent, stored = sum(map(transferred, files)), sum(file.stat().st_size for file in files)
        print(f"{page.stem:<24} {sent / 1000:>9.0f} {stored / 1000:>12.0f} {len(files):>6}")


if __name__ == "__main__":
    main()
