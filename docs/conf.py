"""How Sphinx builds the documentation; `make docs` runs it, without a network."""

import logging
import os
import sys
import warnings
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells of each of its plugins

import docstrings  # noqa: E402
import pages  # noqa: E402

from classify import __version__  # noqa: E402

project = "classify"
author = "The classify authors"
copyright = author
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "myst_nb",
    "sphinx_design",
    "sphinx_copybutton",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_generated/*.md"]

# A name in single backticks becomes a link where it is one of ours, and is code otherwise.
default_role = "py:obj"
add_module_names = False
autosummary_generate = True
autosummary_ignore_module_all = True
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 88
numpydoc_show_class_members = False

nb_execution_mode = "off"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

html_theme = "furo"
html_title = f"classify {version}"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_show_sphinx = False
html_copy_source = False
# The report of the reference run, whole, as a reader of the docs would get it.
html_extra_path = ["_generated/report"]

# `docstrings` renames this heading, but numpydoc first reads each docstring as it stands.
warnings.filterwarnings("ignore", "Unknown section Call Arguments")


def import_keras():
    """Import Keras; TensorFlow announces its devices past Python's stderr, so that is closed."""
    stderr = os.dup(2)
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 2)
        import keras  # noqa: F401
    os.dup2(stderr, 2)


def setup(app):
    """Make the pages that come from elsewhere, before Sphinx looks for sources."""
    import_keras()
    pages.make_all(DOCS / "_generated")
    app.connect("autodoc-skip-member", docstrings.is_not_ours)
    # 400: before numpydoc, which marks up what it has read.
    app.connect("autodoc-process-docstring", docstrings.as_restructured_text, 400)


# A song is a class of songs and a table of the page: which of the two is meant, modules know.
suppress_warnings = ["ref.python"]
