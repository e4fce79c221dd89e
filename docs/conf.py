"""Configuration of the documentation's site, which ``nox -s dist site`` builds into ``build/site``."""

import os
import sys
from pathlib import Path

import cevns

# tutorials show their figures, whatever the environment says
os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "_ext")]

project = "cevns"
author = "cevns developers"
copyright = author
version = release = cevns.__version__

extensions = [
    "myst_nb",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "site_alts",
    "site_docstrings",
    "site_links",
    "site_mathml",
    "site_registries",
    "site_summaries",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
nitpicky = True
# signatures of kernels, with types of C
nitpick_ignore_regex = [("py:class", r":1\].*")]
# two hyphens begin an option
smartquotes_action = "qe"
suppress_warnings = ["mystnb.unknown_mime_type"]

# pages
myst_enable_extensions = ["attrs_block", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4
myst_links_external_new_tab = False

# tutorials run at every build, each where nothing of theirs stays
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

# docstrings
default_role = "soft"
autosummary_generate = True
autosummary_ignore_module_all = False
autosummary_imported_members = True
autosummary_context = {"elsewhere": ["cevns.likelihoods.Background"]}
autodoc_typehints = "none"
autodoc_member_order = "groupwise"
autodoc_default_options = {"members": True}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# looks
html_theme = "pydata_sphinx_theme"
html_title = f"cevns {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_favicon = "_static/favicon.svg"
html_context = {"default_mode": "auto"}
html_show_sphinx = False
html_copy_source = False
html_math_renderer = "mathml"
html_theme_options = {
    "logo": {"text": "cevns"},
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "show_prev_next": True,
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "primary_sidebar_end": [],
    "collapse_navigation": True,
    "navigation_depth": 2,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {"index": [], "installation": [], "quick-start": [], "gallery": []}

copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
