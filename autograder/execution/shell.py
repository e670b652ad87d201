"""IPython's shell inside the submission's process, its outputs captured as a notebook would store them."""

import builtins
import gc
import getpass
import re
import subprocess
import sys

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Instance
from traitlets.config import Config

from .capture import Capture, TextStream

__all__ = ["Notebook"]

_LONGEST_LINE = 20_000
_TRANSFORMERS = TransformerManager().token_transformers
_MAGIC = re.compile(r"[%!?]|^\s*[,;/]", re.MULTILINE)  # magics, shell commands, help; IPython's ways to call a function
_ASYNC = re.compile(r"\b(?:await|async)\b")
_WARM_UP = (
    "%matplotlib inline\nimport torch\ntorch.zeros(2)",
    "def f(x):\n    return x / 0\nf(1)",
    "import matplotlib.pyplot as plt\nplt.plot([1, 2]); plt.title(r'$L$'); plt.show()",
    "x = torch.ones(2, 1, 4, 4, requires_grad=True)\n"
    "y = torch.nn.functional.conv2d(x, torch.ones(4, 1, 3, 3)).flatten(1) @ torch.ones(16, 4)\n"
    "z = torch.nn.functional.layer_norm(torch.nn.functional.gelu(y), (4,)).softmax(-1).exp().log()\n"
    "torch.nn.functional.cross_entropy(torch.einsum('ij,kj->ik', z, z), torch.arange(2)).backward(); x",
)


class _Publisher(DisplayPublisher):
    capture: Capture

    def publish(self, data, metadata=None, source=None, *, transient=None, update=False, **_):
        identity = (transient or {}).get("display_id")
        (self.capture.update if update else self.capture.display)(data, metadata or {}, identity)

    def clear_output(self, wait=False):
        self.capture.clear(wait)


class _ResultHook(DisplayHook):
    capture: Capture

    def write_output_prompt(self):
        self._formatted = None

    def write_format_data(self, format_dict, md_dict=None):
        self._formatted = format_dict, md_dict or {}

    def finish_displayhook(self):
        if self._formatted is not None:
            data, metadata = self._formatted
            self.capture.result(data, metadata, self.prompt_count)


class _Transformer(TransformerManager):
    """IPython's, which takes a cell apart into tokens to look for magics: longer than it takes to run most cells."""

    def do_token_transforms(self, lines):
        """The lines with their magics translated. Where no character could begin one, there is nothing to look for."""
        if len(self.token_transformers) == len(_TRANSFORMERS) and not _MAGIC.search("".join(lines)):
            return lines
        return super().do_token_transforms(lines)


class _Shell(InteractiveShell):
    display_pub_class = _Publisher
    displayhook_class = _ResultHook
    input_transformer_manager = Instance(_Transformer, ())
    capture: Capture

    def should_run_async(self, raw_cell, *, transformed_cell=None, preprocessing_exc_tuple=None):
        """Whether a cell awaits something outside a function; IPython compiles every cell to find out."""
        if transformed_cell is not None and not _ASYNC.search(transformed_cell):
            return False
        return super().should_run_async(
            raw_cell, transformed_cell=transformed_cell, preprocessing_exc_tuple=preprocessing_exc_tuple
        )

    def enable_gui(self, gui=None):
        """There is no event loop to integrate with."""

    def init_io(self):
        """Streams are set by `Notebook`."""

    def ask_exit(self):
        """`quit` in a cell ends nothing, as under a grader's kernel."""

    def _showtraceback(self, etype, evalue, stb):
        name = getattr(etype, "__name__", str(etype))
        self.capture.error(name, str(evalue)[:_LONGEST_LINE], [str(line)[:_LONGEST_LINE] for line in stb][:200])

    def system(self, cmd):
        """Run `!cmd`; IPython's own needs a terminal."""
        command = ["/bin/sh", "-c", self.var_expand(cmd, depth=1)]
        none, pipe, joined = subprocess.DEVNULL, subprocess.PIPE, subprocess.STDOUT
        with subprocess.Popen(command, stdin=none, stdout=pipe, stderr=joined, text=True, errors="replace") as process:
            try:
                for line in process.stdout or ():
                    sys.stdout.write(line)
            except BaseException:
                process.kill()
                raise
        self.user_ns["_exit_code"] = process.returncode


def _no_input(*_args, **_kwargs):
    raise StdinNotImplementedError("input() was called, but nobody is there to answer while a notebook is graded.")


class Notebook:
    """One shell that runs cells. Made and used once in the warm parent, so that imports and caches are shared."""

    def __init__(self, capture: Capture):
        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.autoindent = False
        config.InteractiveShell.colors = "neutral"
        self.shell = _Shell.instance(config=config)
        self._point_at(capture)
        from matplotlib_inline.backend_inline import configure_inline_support

        configure_inline_support(self.shell, "inline")

    @property
    def namespace(self) -> dict:
        """The notebook's variables."""
        return self.shell.user_ns

    def warm(self) -> None:
        """Execute, display, draw and fail once, then forget it all."""
        import linecache

        streams = sys.stdout, sys.stderr
        self.redirect(self.capture)
        for source in _WARM_UP:
            self.run(source)
        sys.stdout, sys.stderr = streams
        gc.freeze()  # what is imported stays: the collection within `reset` need not go through it
        self.shell.reset(new_session=True)
        self.shell.execution_count = 1
        linecache.clearcache()

    def redirect(self, capture: Capture) -> None:
        """Send everything that is shown to `capture`, and refuse input."""
        self._point_at(capture)
        sys.stdout, sys.stderr = TextStream(capture, "stdout"), TextStream(capture, "stderr")
        builtins.input = getpass.getpass = _no_input

    def run(self, source: str) -> bool:
        """Whether a cell ran without an error; what it showed is in the capture."""
        self.capture.begin()
        try:
            return bool(self.shell.run_cell(source, store_history=True).success)
        except BaseException:  # an interrupt outside the cell's own code
            self.shell.showtraceback()
            return False

    def _point_at(self, capture: Capture) -> None:
        self.capture = capture
        for part in (self.shell, self.shell.display_pub, self.shell.displayhook):
            object.__setattr__(part, "capture", capture)
