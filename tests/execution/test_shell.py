"""The shell's short cuts give what IPython gives."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.async_helpers import _should_be_async
from IPython.core.inputtransformer2 import TransformerManager

from autograder.execution import shell

CELLS = (
    *("x = 1", "%time x", "y = %pwd", "!ls", "files = !ls", "x?", "?x", "x??", "/f 1", ",f a b", ";f a b", "  /f 1"),
    *("if x:\n    !ls", "for i in y:\n    ,f a", "'''\n/f\n'''", "a %= 2", "print('?')", "%%bash\nls", ">>> x\n1"),
    *(
        "In [1]: x",
        "    x = 1\n    y = 2",
        "def f(:",
        "'",
        "x = (1,\n/2)",
        "a = b = !ls",
        "await f()",
        "x = [await f()]",
    ),
    *(
        "x = [await f()]",
        "async def f():\n    await g()",
        "async with a as b:\n    pass",
        "async for a in b:\n    pass",
    ),
    *("return await x", "[x async for x in y]", "'await'", "print(await_)", "\\\n/f x", "x;\n;f a", "\t;f a"),
)
PIECES = st.lists(st.sampled_from([*CELLS, "\n", " ", "\\", "\n    ", ";", "/", "(", ")", "'''", "#"]), max_size=6)


def same(call, other, cell):
    """Whether both give the same, or raise the same."""

    def outcome(function):
        try:
            return function(cell)
        except Exception as problem:
            return type(problem)

    return outcome(call) == outcome(other)


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_translated_as_ipython_does(cell):
    assert same(shell._Transformer().transform_cell, TransformerManager().transform_cell, cell)


@settings(max_examples=300, deadline=None)
@given(PIECES)
def test_any_cell_is_translated_as_ipython_does(pieces):
    cell = "".join(pieces)
    assert same(shell._Transformer().transform_cell, TransformerManager().transform_cell, cell)


@settings(max_examples=300, deadline=None)
@given(PIECES)
def test_a_cell_without_the_words_awaits_nothing(pieces):
    cell = "".join(pieces)
    assert shell._ASYNC.search(cell) or not _should_be_async(cell)


def test_a_transformer_that_a_notebook_adds_is_asked():
    manager = shell._Transformer()
    asked = []

    class Mine:
        @classmethod
        def find(cls, tokens):
            asked.append(tokens)

    manager.token_transformers.append(Mine)
    manager.transform_cell("x = 1")
    assert asked
