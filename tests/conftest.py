"""Fixtures that several rooms share: the built book, and a headless browser that watches what a page asks for."""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Route, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# What checks remember of a student's progress goes here, not into the home of whoever runs the tests.
os.environ["AUTOGRADER_PROGRESS"] = tempfile.mkdtemp(prefix="progress-")
atexit.register(shutil.rmtree, os.environ["AUTOGRADER_PROGRESS"], ignore_errors=True)
QUIET = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update")


@dataclass(frozen=True)
class Visit:
    """A page that is open in the browser, with what it did beyond its own files.

    `external` lists addresses outside the book that the page asked for (none was reached), `errors` the messages of
    the console at level error, uncaught exceptions and files of the book that did not load.
    """

    page: Page
    external: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def book_html(root: Path) -> Path:
    """Folder of the built book, up to date: `make book` decides whether there is anything to do."""
    lock = root / "_build" / "book.lock"
    lock.parent.mkdir(exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAKE") and name != "MFLAGS"}
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # the workers of pytest-xdist build it once
        done = subprocess.run(["make", "book"], cwd=root, env=clean, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"`make book` failed:\n{(done.stdout + done.stderr)[-6000:]}", pytrace=False)
    return root / "_build" / "html"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test's output to what matters."""


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Path], str]]:
    """Starts a local server of a folder and gives its address, without a slash at its end."""
    with ExitStack() as running:
        yield lambda folder: running.enter_context(_serving(folder))


@pytest.fixture(scope="session")
def book_url(book_html: Path, serve: Callable[[Path], str]) -> str:
    """Address of a local server of the built book, without a slash at its end."""
    return serve(book_html)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium from the system: $CHROMIUM, or the first of the usual names on the path."""
    chromium = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    if chromium is None:
        pytest.fail("no Chromium found: install it (`apt-get install chromium`) or set CHROMIUM to its path", False)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(QUIET))
        yield browser
        browser.close()


def _watch(visit: Visit, own: tuple[str, ...]) -> None:
    """Records and stops every request that leaves the book; records every error."""

    def decide(route: Route) -> None:
        if route.request.url.startswith(own):
            route.continue_()
        else:
            visit.external.append(route.request.url)
            route.abort()

    def console(message: ConsoleMessage) -> None:
        if message.type == "error":
            visit.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def failed(request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # that of a page which was left while it loaded
            visit.errors.append(f"failed: {request.url}")

    visit.page.context.route("**/*", decide)
    visit.page.on("console", console)
    visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
    visit.page.on("requestfailed", failed)


@pytest.fixture
def page_factory(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """Opens addresses: `page_factory(url, width=1280, scheme="light", touch=False)` gives a `Visit`.

    Takes an address or a path of a file. Own are the address's server or, for a file, all files. Each visit has a
    browser context of its own, which closes with the test.
    """
    yield from _page_factory(browser)


@pytest.fixture(scope="module")
def lasting_page_factory(browser: Browser) -> Iterator[Callable[..., Visit]]:
    """The same, with visits that stay open for all tests of a module: loading a chapter takes seconds."""
    yield from _page_factory(browser)


def _page_factory(browser: Browser) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def visit_page(
        where: str | Path, *, width: int = 1280, height: int = 900, scheme: str = "light", touch: bool = False
    ) -> Visit:
        url = where.resolve().as_uri() if isinstance(where, Path) else where
        server = "file://" if url.startswith("file://") else "/".join(url.split("/")[:3]) + "/"
        context = browser.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, has_touch=touch, reduced_motion="reduce"
        )
        context.set_default_timeout(60_000)  # for two busy cores; nothing waits that long when it works
        contexts.append(context)
        visit = Visit(context.new_page())
        _watch(visit, (server, "data:", "blob:"))
        visit.page.goto(url, wait_until="load")
        return visit

    yield visit_page
    for context in contexts:
        context.close()
