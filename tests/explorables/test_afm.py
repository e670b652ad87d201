"""Widgets: what a module may hold, how its data travels, and that it runs on a kernel."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from explorables import live, widget
from explorables.afm import classic, data_file, packed

DIAL = Path(__file__).parent / "site" / "dial.js"


def module(tmp_path, text):
    path = tmp_path / "demo.js"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text, message",
    [
        ("const a = 1;\n", "demo.js: expected exactly one line that begins with `export default`, got 0"),
        ("export default {};\nexport default {};\n", "demo.js:2: expected exactly one"),
        ("import * as d3 from 'd3';\nexport default {};\n", "demo.js:1: 'import'"),
        ("export default {};\nexport const a = 1;\n", "demo.js:2: 'export'"),
        ("export default {\n  go() { return import('x'); } };\n", r"demo.js:2: 'import\('"),
        ("export default {\n  go() { fetch('weights.bin'); } };\n", r"demo.js:2: 'fetch\('"),
        ("const cdn = 'https://example.org/x.js';\nexport default {};\n", "demo.js:1: 'https://'"),
    ],
    ids=["no-export", "two-exports", "static-import", "named-export", "dynamic-import", "fetch", "address"],
)
def test_a_module_that_cannot_run_in_a_page_is_named_with_its_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        widget(module(tmp_path, text), alt="A demo.")


def test_words_in_comments_and_the_namespace_of_svg_are_allowed(tmp_path):
    comment = "// import nothing, fetch (nothing)\n"
    text = comment + "const svg = 'http://www.w3.org/2000/svg';\nexport default { render() {} };\n"
    assert "return __exported;" in classic(module(tmp_path, text))


SHARED = """const TWO = 2;
export const twice = (value) => TWO * value;
export function thrice(value) {
  return 3 * value;
}
"""
TAKING = """import {{ {} }} from "./shared/numbers.js";
export default {{ render() {{}}, seven: () => twice(2) + thrice(1) }};
"""


def shared(tmp_path, text):
    path = tmp_path / "shared" / "numbers.js"
    path.parent.mkdir()
    path.write_text(text)


def test_names_from_a_file_beside_the_module_are_put_into_it(tmp_path, page_factory):
    shared(tmp_path, SHARED)
    body = classic(module(tmp_path, TAKING.format("thrice, twice")))
    (tmp_path / "page.html").write_text("<!doctype html><title>numbers</title>")
    visit = page_factory(tmp_path / "page.html")
    assert visit.page.evaluate(f"(function () {{\n{body}\n}})().seven()") == 7


def test_what_is_not_there_to_be_shared_is_named_with_its_line(tmp_path):
    with pytest.raises(ValueError, match=r"demo.js:1: no file shared/numbers.js beside it"):
        classic(module(tmp_path, TAKING.format("twice")))
    shared(tmp_path, SHARED)
    with pytest.raises(ValueError, match=r"demo.js:1: numbers.js exports no TWO, four"):
        classic(module(tmp_path, TAKING.format("TWO, twice, four")))


def test_a_shared_file_may_fetch_no_more_than_a_module(tmp_path):
    shared(tmp_path, SHARED + "fetch('weights.bin');\n")
    with pytest.raises(ValueError, match=r"numbers.js:6: 'fetch\('"):
        classic(module(tmp_path, TAKING.format("twice")))


def test_a_widget_without_a_text_is_refused():
    with pytest.raises(ValueError, match=r"no text for it; give alt="):
        widget(DIAL)


def test_a_module_that_is_not_there_is_said_with_where_it_was_looked_for():
    with pytest.raises(FileNotFoundError, match=r"widget\('gone.js'\): no such file in .*explorables"):
        widget("gone.js", alt="A demo.")


@pytest.mark.parametrize(
    "given",
    [np.array([[1.5, -2]], dtype="float32"), torch.tensor([[1.5, -2.0]], requires_grad=True)],
    ids=["numpy", "torch"],
)
def test_arrays_travel_as_little_endian_bytes_with_their_shape(given):
    array = packed({"w": [given]}, bytes)["w"][0]["__array__"]
    assert (array["dtype"], array["shape"]) == ("float32", [1, 2])
    assert np.frombuffer(array["bytes"], "<f4").tolist() == [1.5, -2.0]


def test_an_array_of_a_kind_browsers_lack_is_refused():
    with pytest.raises(TypeError, match="array of int64; expected one of float32"):
        packed({"w": np.array([1, 2])}, bytes)


def test_the_data_of_a_page_is_one_classic_script_without_nan():
    key, text = data_file({"n": 3, "w": np.zeros(2, dtype=np.uint8)})
    value = json.loads(text.removeprefix(f'explorables.data("{key}",').removesuffix(");\n"))
    assert value["n"] == 3
    assert base64.b64decode(value["w"]["__array__"]["bytes"]) == b"\0\0"
    with pytest.raises(ValueError, match="not JSON compliant"):
        data_file({"n": float("nan")})


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_on_a_kernel_a_widget_is_an_anywidget_with_binary_arrays():
    shown = live.anywidget_of(
        widget(DIAL, alt="A dial.", data={"value": 1, "weights": {"scale": np.ones(2, dtype="float32")}})
    )
    assert shown.value == 1
    assert shown.weights["scale"]["__array__"]["bytes"] == np.ones(2, dtype="<f4").tobytes()
    assert "export default" in shown._esm


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_two_widgets_of_a_notebook_keep_their_own_style_sheets(tmp_path):
    other = module(tmp_path, "export default { render() {} };\n")
    shown = [live.anywidget_of(widget(path, alt="A demo.")) for path in (DIAL, other)]
    assert shown[0]._anywidget_id != shown[1]._anywidget_id


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_on_a_kernel_the_caption_stands_below_the_widget():
    box = live.widget_box(widget(DIAL, alt="A dial.", data={"value": 1}, caption="Turn it."))
    assert "Turn it." in box.children[1].value
