"""What a cell shows is what a notebook would hold."""

import base64
import re

import nbformat
import pytest

from autograder.execution import Status


def texts(result, name="stdout"):
    return [output["text"] for output in result.outputs if output.get("name") == name]


def only(result):
    (output,) = result.outputs
    return output


def test_the_last_expression_is_an_execute_result(submission):
    assert only(submission.run_cell("6 * 7")) == {
        "output_type": "execute_result",
        "data": {"text/plain": "42"},
        "metadata": {},
        "execution_count": 1,
    }


def test_execution_counts_go_up(submission):
    assert [submission.run_cell("1").execution_count for _ in range(3)] == [1, 2, 3]


def test_names_live_on_in_later_cells(submission):
    submission.run_cell("x = 3")
    assert only(submission.run_cell("x"))["data"]["text/plain"] == "3"


def test_stdout_and_stderr_keep_their_order(submission):
    result = submission.run_cell("import sys\nprint('a')\nprint('b', file=sys.stderr)\nprint('c'); print('d')")
    assert [(o["name"], o["text"]) for o in result.outputs] == [
        ("stdout", "a\n"),
        ("stderr", "b\n"),
        ("stdout", "c\nd\n"),
    ]


def test_an_exception_is_an_error_output_with_its_traceback(submission):
    result = submission.run_cell("def f():\n    return 1 / 0\nf()")
    assert result.status is Status.ERROR
    output = only(result)
    assert (output["ename"], output["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert "return 1 / 0" in re.sub("\x1b\\[[0-9;]*m", "", "".join(output["traceback"]))


def test_a_syntax_error_is_an_error_output(submission):
    result = submission.run_cell("def f(:")
    assert (result.status, only(result)["ename"]) == (Status.ERROR, "SyntaxError")


def test_a_figure_is_a_png(submission):
    output = only(submission.run_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"))
    assert base64.b64decode(output["data"]["image/png"]).startswith(b"\x89PNG\r\n")


def test_a_figure_left_open_is_shown_at_the_end_of_its_cell(submission):
    result = submission.run_cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    assert "image/png" in only(result)["data"]


def test_display_keeps_html(submission):
    output = only(submission.run_cell("from IPython.display import HTML, display\ndisplay(HTML('<b>x</b>'))"))
    assert (output["output_type"], output["data"]["text/html"]) == ("display_data", "<b>x</b>")


def test_clear_output_removes_what_was_shown(submission):
    result = submission.run_cell("from IPython.display import clear_output\nprint('a')\nclear_output()\nprint('b')")
    assert texts(result) == ["b\n"]


def test_clear_output_that_waits_keeps_the_last_output(submission):
    result = submission.run_cell("from IPython.display import clear_output\nprint('a')\nclear_output(wait=True)")
    assert texts(result) == ["a\n"]


def test_update_display_replaces_the_display_of_its_cell(submission):
    result = submission.run_cell("h = display('a', display_id=True)\nh.update('b')")
    assert only(result)["data"]["text/plain"] == "'b'"


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("!echo from a shell", "from a shell\n"),
        ("%%bash\necho from a cell magic", "from a cell magic\n"),
        ("import os; _ = os.system('echo from a child')", "from a child\n"),
        ("import os; _ = os.write(1, b'from a descriptor')", "from a descriptor"),
        ("%time pass", "CPU times"),
    ],
    ids=["shell", "cell-magic", "child", "descriptor", "line-magic"],
)
def test_output_that_bypasses_sys_stdout_is_kept(submission, source, printed):
    assert printed in "".join(texts(submission.run_cell(source)))


def test_raw_output_belongs_to_the_cell_that_made_it(submission):
    first, second = (submission.run_cell(f"import os; _ = os.system('echo {word}')") for word in ("one", "two"))
    assert (texts(first), texts(second)) == (["one\n"], ["two\n"])


def test_await_works_at_the_top_of_a_cell(submission):
    assert (
        submission.run_cell("import asyncio\nawait asyncio.sleep(0, 'done')").outputs[0]["data"]["text/plain"]
        == "'done'"
    )


def test_input_is_refused_by_name(submission):
    result = submission.run_cell("input('name? ')")
    assert only(result)["ename"] == "StdinNotImplementedError"


def test_exit_in_a_cell_does_not_end_the_notebook(submission):
    submission.run_cell("exit()")
    assert submission.run_cell("1").status is Status.OK


def test_a_widget_is_shown_as_text(submission):
    result = submission.run_cell("import ipywidgets\nipywidgets.IntSlider(3)")
    assert only(result)["data"]["text/plain"].startswith("IntSlider(value=3")


def test_printing_without_end_is_cut_and_says_so(submission):
    result = submission.run_cell("for _ in range(10_000): print('x' * 100)")
    text = "".join(texts(result))
    assert len(text) < 11_000 and "output cut" in text


def test_displaying_without_end_is_cut_and_says_so(submission):
    result = submission.run_cell("for i in range(1000): display(i)")
    assert len(result.outputs) == 21 and "output cut" in result.outputs[-1]["text"]


def test_the_outputs_make_a_valid_notebook(submission):
    sources = ["1", "1/0", "print('x')", "display(3)", "import matplotlib.pyplot as plt\nplt.plot([1]);"]
    cells = []
    for source in sources:
        result = submission.run_cell(source)
        cell = nbformat.v4.new_code_cell(source, outputs=[nbformat.from_dict(o) for o in result.outputs])
        cells.append(cell)
    nbformat.validate(nbformat.v4.new_notebook(cells=cells))


def test_generators_start_from_the_same_seed_in_every_submission(parent):
    source = "import random, numpy, torch\nprint(random.random(), numpy.random.rand(), torch.rand(1).item())"
    seen = []
    for _ in range(2):
        with parent.submission() as submission:
            seen.append(texts(submission.run_cell(source)))
    assert seen[0] == seen[1] and len(set(seen[0][0].split())) == 3


def test_training_and_data_loaders_work(parent):
    source = """
import torch
from torch.utils.data import DataLoader, TensorDataset
data = DataLoader(TensorDataset(torch.randn(64, 4), torch.randn(64, 1)), batch_size=8, shuffle=True)
model = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), 1e-2)
losses = []
for epoch in range(5):
    for x, y in data:
        loss = torch.nn.functional.mse_loss(model(x), y)
        optimizer.zero_grad(); loss.backward(); optimizer.step()
    losses.append(loss.item())
print(len(losses))
"""
    with parent.submission() as submission:
        assert texts(submission.run_cell(source)) == ["5\n"]
