"""The small book of `site/`, built once, and opened over a server and from the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

SITE = Path(__file__).parent / "site"


def build(source: Path, out: Path) -> subprocess.CompletedProcess[str]:
    """Builds a small book with warnings as errors, as the real one is built."""
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", str(source), str(out / "html")]
    room = {name: value for name, value in os.environ.items() if name != "EXPLORABLES_STORE"}
    return subprocess.run(
        [*command, "-d", str(out / "doctrees")], env=room | {"OMP_NUM_THREADS": "1"}, capture_output=True, text=True
    )


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built pages of `site/`."""
    out = tmp_path_factory.mktemp("explorables")
    done = build(SITE, out)
    assert done.returncode == 0, done.stdout + done.stderr
    return out / "html"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Keeps the test's output to what matters."""


@pytest.fixture(scope="session")
def served(built: Path) -> Iterator[str]:
    """Address of a server of the built pages."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(built)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(params=["http", "file"])
def demos(request: pytest.FixtureRequest, built: Path) -> str | Path:
    """The page of demos, once over a server and once from the disk."""
    return built / "demos.html" if request.param == "file" else request.getfixturevalue("served") + "/demos.html"
