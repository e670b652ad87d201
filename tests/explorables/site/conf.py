"""A book of three pages: two kinds of demo and a widget, a page without any, and a page of pictures."""

project = "Explorables, tried"
copyright = "the authors"
extensions = ["myst_nb", "explorables.sphinx_ext"]
html_theme = "sphinx_book_theme"
html_theme_options = {"navbar_persistent": []}
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
myst_enable_extensions = ["dollarmath"]
exclude_patterns = ["_build"]
