"""What a release consists of: one version everywhere, a citation, a changelog, a workflow that publishes the book."""

from __future__ import annotations

import re
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import autograder
from autograder import cli

ROOT = Path(__file__).resolve().parents[1]
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
PAGES = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "book/instructors.md", "book/students.md"]


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert project["version"] == str(citation["version"]) == autograder.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+", autograder.__version__)


def test_the_citation_says_what_its_form_asks_for():
    """https://github.com/citation-file-format/citation-file-format/blob/main/schema-guide.md, version 1.2.0"""
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= set(citation)
    assert citation["cff-version"] == "1.2.0" and citation["type"] == "software"
    assert all(author.get("name") or author.get("family-names") for author in citation["authors"])


def test_the_changelog_begins_with_what_is_not_released_and_falls_in_versions():
    """Keep a Changelog 1.1.0: an Unreleased section, then versions with their dates, the newest first."""
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    released = [re.fullmatch(r"\[(\d+)\.(\d+)\.(\d+)\] - \d{4}-\d\d-\d\d", heading) for heading in headings[1:]]
    assert all(released), headings
    numbers = [tuple(map(int, match.groups())) for match in released if match]
    assert numbers == sorted(numbers, reverse=True)


def test_the_changelog_sorts_by_what_happened():
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE)) <= kinds


WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8"))
STEPS = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]]


def test_actions_are_pinned_to_commits_with_their_version_beside():
    text = (ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8")
    used = re.findall(r"uses: (.*)$", text, re.MULTILINE)
    assert used and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", each) for each in used), used


def test_the_workflow_builds_with_make_and_uploads_what_make_built():
    runs = [step["run"] for step in STEPS if "run" in step]
    assert runs == ["make book"]
    upload = next(step for step in STEPS if "upload-pages-artifact" in step.get("uses", ""))
    assert upload["with"]["path"] == "_build/html"
    assert re.search(r"^book: .*_build/html|_build/html", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_only_the_job_that_publishes_may_write():
    assert WORKFLOW["permissions"] == {}
    assert set(WORKFLOW["jobs"]["build"]["permissions"].values()) == {"read"}
    assert WORKFLOW["jobs"]["publish"]["permissions"] == {"pages": "write", "id-token": "write"}


def typed(page: str) -> list[str]:
    """The autograder commands that a page tells people to type: in blocks, and in one line of code."""
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^ *```(?:bash|console|sh)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL))
    lines = [*blocks.splitlines(), *re.findall(r"`((?:python -m )?autograder [^`\n]+)`", text)]
    found = [re.search(r"(?:^|&& |; )\s*(?:python -m )?(autograder [^#&|;]+)", line) for line in lines]
    return sorted({match[1].strip() for match in found if match})


@pytest.mark.parametrize(("page", "line"), [(page, line) for page in PAGES for line in typed(page)])
def test_a_command_on_a_page_is_one_that_can_be_typed(page, line):
    words = [word for word in shlex.split(line.replace("...", "")) if word]
    if words[1] in ("COMMAND", "--help"):
        return
    try:
        arguments = cli.parser().parse_args(words[1:])
    except SystemExit as said:
        missing = len(words) == 2 and said.code == 2  # a command that is only named, without its arguments
        assert missing and words[1] in cli.parser().format_help(), f"{page}: {line}"
    else:
        assert callable(arguments.run)


def test_the_pages_tell_of_commands():
    assert all(typed(page) for page in ("CONTRIBUTING.md", "book/instructors.md"))
