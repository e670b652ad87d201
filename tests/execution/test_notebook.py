"""Any file is cells or one clear line."""

import json
import os

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from autograder.execution.notebook import Cell, Unreadable, read_cells

CODE = {"cell_type": "code", "source": "1", "metadata": {}, "outputs": [], "execution_count": None}
ANY = st.characters(exclude_categories=())  # lone surrogates included
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
CELL = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw", "evil"]) | JSON},
    optional={"source": st.text() | st.lists(st.text()) | JSON, "metadata": st.dictionaries(st.text(), JSON) | JSON},
)
NOTEBOOK = st.fixed_dictionaries({"nbformat": st.just(4) | JSON, "cells": st.lists(CELL, max_size=4) | JSON})
IN_ONE_FOLDER = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # every example overwrites the same file


def check(path):
    try:
        cells = read_cells(path)
    except Unreadable as problem:
        assert "\n" not in str(problem) and str(problem).startswith(str(path))
        return
    assert any(cell.kind == "code" for cell in cells)
    "".join(cell.source for cell in cells).encode()


@given(st.binary(max_size=500))
@IN_ONE_FOLDER
def test_any_bytes_are_cells_or_one_clear_line(tmp_path, data):
    (tmp_path / "x.ipynb").write_bytes(data)
    check(tmp_path / "x.ipynb")


@given(NOTEBOOK)
@IN_ONE_FOLDER
def test_any_json_is_cells_or_one_clear_line(tmp_path, notebook):
    (tmp_path / "x.ipynb").write_text(json.dumps(notebook))
    check(tmp_path / "x.ipynb")


def test_a_notebook_of_nbformats_own_is_read(tmp_path):
    cells = [nbformat.v4.new_markdown_cell("# Title"), nbformat.v4.new_code_cell("1\n2", metadata={"tags": ["a"]})]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "x.ipynb")
    assert read_cells(tmp_path / "x.ipynb") == (Cell("markdown", "# Title"), Cell("code", "1\n2", {"tags": ["a"]}))


def test_a_byte_order_mark_is_stepped_over(tmp_path):
    (tmp_path / "x.ipynb").write_bytes(b"\xef\xbb\xbf" + json.dumps({"nbformat": 4, "cells": [CODE]}).encode())
    assert read_cells(tmp_path / "x.ipynb") == (Cell("code", "1"),)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"PK\x03\x04", "not JSON"),
        (b"[]", "not an object"),
        (b'{"nbformat": 3, "worksheets": []}', "format is 3"),
        (b'{"nbformat": 5, "cells": []}', "format is 5"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"nbformat": 4, "cells": []}', "no code cells"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "grade"}]}', "cell 1 has no known cell_type"),
        (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "source or the metadata of cell 1"),
    ],
    ids=["empty", "zip", "list", "old", "new", "no-cells", "no-code", "unknown-cell", "source-is-a-number"],
)
def test_what_is_wrong_is_named(tmp_path, data, said):
    (tmp_path / "x.ipynb").write_bytes(data)
    with pytest.raises(Unreadable, match=said):
        read_cells(tmp_path / "x.ipynb")


def test_a_file_beyond_the_limit_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "x.ipynb", "wb") as file:
        file.truncate(200 << 20)
    with pytest.raises(Unreadable, match="it has 200 MB, at most 50 MB"):
        read_cells(tmp_path / "x.ipynb")


def test_a_pipe_a_folder_and_a_missing_file_are_named(tmp_path):
    os.mkfifo(tmp_path / "pipe.ipynb")
    (tmp_path / "folder.ipynb").mkdir()
    for name in ("pipe", "folder", "missing"):
        with pytest.raises(Unreadable, match=name):
            read_cells(tmp_path / f"{name}.ipynb")


def test_a_binary_name_is_shown(tmp_path):
    path = os.fsencode(tmp_path) + b"/\xff.ipynb"
    with open(path, "w") as file:
        file.write("x")
    with pytest.raises(Unreadable, match="\ufffd"):
        read_cells(os.fsdecode(path))
