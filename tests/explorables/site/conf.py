"""A book of three pages: two kinds of demo and a widget, a page without any, and a page of pictures."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "book" / "_ext"))

project = "Explorables, tried"
copyright = "the authors"
extensions = ["myst_nb", "explorables.sphinx_ext", "local_mathjax"]
html_theme = "sphinx_book_theme"
html_theme_options = {"navbar_persistent": []}
html_context = {"default_mode": "auto"}
html_show_sphinx = False
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["_build"]
mathjax_path = "mathjax/tex-chtml.js"
