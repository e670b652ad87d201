"""A student's first half hour, in a terminal and in JupyterLab in a browser, from an empty folder to handing in."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

from autograder.checking.identity import source

ROOT = Path(__file__).resolve().parents[2]
STEM = "ch00_tensors"
# every matrix of the batch times the first one
WRONG = "def batched_matmul(A, B):\n    return (A[:, :, :, None] * B[0][None, None]).sum(dim=2)"
RIGHT = "def outer(a, b):\n    return a[:, None] * b[None, :]"
HINT = "check.hint(batched_matmul)"

_spec = importlib.util.spec_from_file_location("lab_server", ROOT / "tests" / "grading" / "lab_server.py")
assert _spec and _spec.loader
lab_server = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(lab_server)

pytestmark = [pytest.mark.slow, pytest.mark.browser]


def autograder(*words: str) -> str:
    """What the command prints, run in a terminal in the folder where the student stands."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "autograder", *words]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


def write(page: Page, name: str, text: str) -> None:
    """Replaces an exercise by what a student types, runs it, and runs its check below."""
    cell = page.locator(".jp-CodeCell", has_text=f"def {name}(").first
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.insert_text(text)
    page.keyboard.press("Shift+Enter")
    page.keyboard.press("Shift+Enter")


def verdict(page: Page, words: str):
    return page.locator(".verdict", has_text=words).first


def wait_until_saved(page: Page, path: Path, sources: set[str]) -> None:
    """Waits for JupyterLab, which saves after it has asked the server whether the file changed meanwhile."""
    deadline = time.monotonic() + lab_server.PATIENCE / 1000
    while not sources <= {cell.source for cell in nbformat.read(path, 4).cells}:
        assert time.monotonic() < deadline, f"{path.name} was not saved"
        page.wait_for_timeout(200)


def test_from_an_empty_folder_to_what_is_handed_in(folder: Path, tmp_path: Path, page_factory: Callable):
    assert autograder("get", STEM) == f"made {STEM}.ipynb\n"
    with lab_server.jupyter_lab(folder, tmp_path / "home") as address:
        page = page_factory(f"{address}/lab/tree/{STEM}.ipynb?token={lab_server.TOKEN}", height=1600).page
        page.set_default_timeout(lab_server.PATIENCE)
        expect.set_options(timeout=lab_server.PATIENCE)
        page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
        page.locator(".lm-MenuBar-item", has_text=re.compile("^Run$")).click()
        page.locator(".lm-Menu-itemLabel", has_text=re.compile("^Run All Cells$")).click()
        expect(page.locator(".board")).to_contain_text("0 of 8 passed")
        expect(page.locator(".board")).to_contain_text("Next: outer in ch00_tensors")

        page.locator(".jp-NotebookPanel .jp-WindowedPanel-outer").evaluate("panel => panel.scrollTo(0, 0)")
        write(page, "outer", RIGHT)
        expect(verdict(page, "outer: passed, 2 of 2 points")).to_be_visible()
        write(page, "batched_matmul", WRONG)
        wrong = verdict(page, "batched_matmul: not yet right")
        expect(wrong).to_contain_text("Known mistake: first matrix for all")
        expect(wrong).to_contain_text("Hint 1 of")
        expect(wrong.get_by_role("img")).to_have_attribute("aria-label", re.compile("Framed: the worst value"))

        page.keyboard.press("Escape")
        page.keyboard.press("a")
        page.keyboard.press("Enter")
        page.keyboard.insert_text(HINT)
        page.keyboard.press("Shift+Enter")
        expect(page.locator(".verdict", has_text="Hint 2 of")).to_be_visible()
        page.keyboard.press("Control+s")
        wait_until_saved(page, folder / f"{STEM}.ipynb", {RIGHT, WRONG, HINT})

    assert "1 of 8" in autograder("status") and "✗ batched_matmul" in autograder("status", STEM)
    said = autograder("submit", STEM, "--as", "ada")
    assert "batched_matmul: not yet right when it was last checked" in said and "outer" not in said
    with zipfile.ZipFile(folder / f"{STEM}_ada.zip") as archive:
        handed_in = json.loads(archive.read(f"{STEM}.ipynb"))
    assert {RIGHT, WRONG} <= {source(cell) for cell in handed_in["cells"]}
    saved = {cell["id"]: json.dumps(cell["metadata"], sort_keys=True) for cell in handed_in["cells"]}
    for cell in json.loads((ROOT / "exercises" / STEM / f"{STEM}.ipynb").read_text())["cells"]:
        assert saved[cell["id"]] == json.dumps(cell["metadata"], sort_keys=True), "JupyterLab wrote it another way"
