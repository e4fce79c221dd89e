"""Tables of what the package knows, made from its registries when the site is built.

``{registry} NAME`` stands for the table of that name, ``{room-constants} MODULE`` for the constants of a room.
"""

import importlib
import math
import pkgutil
import re

from build_data_files import licence
from site_cells import markdown
from site_commands import commands
from site_lagrangians import formulas
from site_tables import TableDirective
from sphinx.pycode import ModuleAnalyzer
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import cevns
from cevns.config import template
from cevns.experiments import known_options
from cevns.fluxes import SOLAR_FLUXES, SOLAR_SURVIVAL, pion_decay_at_rest, reactor_antineutrinos, solar_neutrinos
from cevns.interactions import STANDARD_RADII, get_interaction, known_interactions
from cevns.nuclei import get_form_factor, known_elements, known_form_factors, natural, nucleus
from cevns.units import typeset

logger = logging.getLogger(__name__)

_FLAVOURS = {"e": "e", "mu": r"\mu", "tau": r"\tau"}
_PAIR = "(ee|mumu|tautau|emu|etau|mutau)"
#: What the names of parameters mean; a parameter without an entry fails the build.
_MEANINGS = (
    (r"mass", "mass of the mediator; of `sterile-dipole` that of the lepton which leaves"),
    (r"coupling", r"coupling $g$, which the charges of the Lagrangian multiply; of `scalar` $\sqrt{g_\nu g_q}$"),
    (rf"eps_([ud])_{_PAIR}", "contact coupling to {0} quarks, {1}"),
    (rf"eps_([ud])_{_PAIR}_im", "its imaginary part, to {0} quarks, {1}"),
    (r"mu_(e|mu)", r"magnetic moment of $\nu_{0}$; of `sterile-dipole` that of its transition"),
    (r"mu_(tau)", r"magnetic moment of $\nu_{0}$"),
    (rf"q_{_PAIR}", "electric charge, {0}"),
    (r"r2_(ee|mumu|tautau)", "charge radius, {0}, the standard model's included"),
    (r"r2_(emu|etau|mutau)", "charge radius, {0}"),
    (rf"a_{_PAIR}", "anapole moment, {0}, beside the standard model's"),
    (r"sin2_theta_w", "sin² of the weak mixing angle"),
    (r"rn_(\w+)", "rms radius of the neutrons in nuclei of {0}"),
)


def _flavours(pair):
    found = re.fullmatch(r"(e|mu|tau)(e|mu|tau)", pair)
    if not found:
        return _FLAVOURS.get(pair, pair)
    first, last = (rf"$\nu_{_FLAVOURS[name]}$" for name in found.groups())
    return f"of {first}" if first == last else f"{first} to {last}"


def _meaning(name):
    for pattern, text in _MEANINGS:
        if found := re.fullmatch(pattern, name):
            said = found.groups()
            if name.startswith("rn_"):
                said = (", ".join(cevns.nuclei.elements.separated(found[1])),)
            return text.format(*map(_flavours, said)) if said else text
    logger.warning("no meaning of the parameter %s: add one to site_registries", name)
    return ""


def _number(value):
    if math.isinf(value):
        return "-∞" if value < 0 else "∞"
    return re.sub(r"e([-+])0*", lambda found: f"e{found[1].strip('+')}", f"{value:.5g}")


def _default(parameter):
    if parameter.default is None:
        # a radius that nobody sets is that of each nucleus
        return "each nucleus' own" if parameter.name.startswith("rn_") else "must be given"
    return _number(parameter.default)


def _row(parameter):
    span = f"{_number(parameter.low)} to {_number(parameter.high)}"
    narrow = (text.replace(" ", "\N{NO-BREAK SPACE}") for text in (typeset(parameter.unit) or "1", span))
    return f"`{parameter.name}`", *narrow, _default(parameter), _meaning(parameter.name)


_HEAD = "name", "unit", "range", "default", "meaning"


def _of(interaction, meaning):
    """Return what a meaning says of one interaction: what follows "of `NAME`", or else what comes before it."""
    general, *others = re.split(r"; of (?=`)", meaning)
    return next((text.removeprefix(f"`{interaction}` ") for text in others if f"`{interaction}`" in text), general)


def _interactions():
    parts = []
    for name in known_interactions():
        found = get_interaction(name)
        rows = [(*row[:-1], _of(name, row[-1])) for row in map(_row, found.parameters)]
        own = markdown(_HEAD, rows) if rows else "No parameters of its own."
        about = f"{found.description[:1].upper()}{found.description[1:]}. {found.reference}."
        parts.append(f"## `{name}`\n\n{about}\n\n{formulas(found.lagrangian)}\n\n{own}")
    return "\n\n".join(parts)


def _parameters():
    owners = {}
    for name in known_interactions():
        for parameter in get_interaction(name).parameters:
            owners.setdefault(_row(parameter), []).append(f"`{name}`")
    experiments = [cevns.load(name) for name in cevns.known_experiments()]
    for experiment in experiments:
        for parameter in experiment.parameters("sm"):
            owners.setdefault(_row(parameter), []).append(f"`{experiment.name}`")
    rows = [(*row, "every one" if row[0] == "`sin2_theta_w`" else ", ".join(of)) for row, of in owners.items()]
    return markdown((*_HEAD, "of"), rows)


def _data_sets():
    rows = []
    for name in cevns.known_experiments():
        found = cevns.load(name)
        options = ", ".join(f"`{option}`" for option in known_options(name))
        nuclei = ", ".join(dict.fromkeys(n.name.partition("-")[0] for n in found.target.nuclei))
        page = f"[`{name}`](/data-sets/{name}.md)"
        rights = licence(f"experiments/{name.replace('-', '_')}")
        about = found.description, nuclei, str(found.signal.binning), options, rights
        rows.append((page, *about, ", ".join(found.references)))
    return markdown(("name", "what", "nuclei", "bins", "options", "licence", "references"), rows)


def _fluxes():
    made = (
        ("pion-decay-at-rest", pion_decay_at_rest(neutrinos_per_proton=0.08, protons=1e23, distance=20.0)),
        ("reactor", reactor_antineutrinos(thermal_power=1.0, distance=10.0, exposure=1.0)),
        ("solar", solar_neutrinos(exposure=1.0)),
    )
    rows = [(f"`{kind}`", "; ".join(dict.fromkeys(c.name for c in flux.components))) for kind, flux in made]
    return markdown(("kind", "components"), rows)


def _solar():
    rows = [(f"`{name}`", f"{flux:.3g}", f"{SOLAR_SURVIVAL[name]:g}") for name, flux in SOLAR_FLUXES.items()]
    return markdown(("component", "neutrinos of all flavours [cm⁻² s⁻¹]", "share that arrives as ν_e"), rows)


def _nuclei():
    rows = []
    for symbol in known_elements():
        for found in natural(symbol):
            counted = found.name, found.protons, found.neutrons
            measured = f"{found.atomic_mass_u:.6f}", f"{100 * found.abundance:.4g}", f"{found.charge_radius:.4f}"
            # of hydrogen nothing is left to scatter coherently
            one = nucleus(found.name) if found.protons + found.neutrons > 1 else None
            radii = (f"{one.proton_radius:.4f}", f"{one.neutron_radius:.4f}") if one else ("", "")
            rows.append((*counted, *measured, *radii))
    head = "isotope", "Z", "N", "mass of the atom [u]", "abundance [%]", "charge radius [fm]", "R_p [fm]", "R_n [fm]"
    return markdown(head, rows)


def _form_factors():
    return markdown(("name", "what"), [(f"`{n}`", get_form_factor(n).reference) for n in known_form_factors()])


def _radii():
    rows = [(f"`r2_{flavour}{flavour}`", f"{value:g}") for flavour, value in STANDARD_RADII.items()]
    return markdown(("of", "charge radius of the standard model [10⁻³² cm²]"), rows)


def _configuration():
    return f"```toml\n{template().strip()}\n```"


TABLES = {
    "interactions": _interactions,
    "parameters": _parameters,
    "commands": commands,
    "configuration": _configuration,
    "data-sets": _data_sets,
    "fluxes": _fluxes,
    "solar-fluxes": _solar,
    "nuclei": _nuclei,
    "form-factors": _form_factors,
    "standard-radii": _radii,
}


class Registry(TableDirective):
    """One of `TABLES`."""

    def text(self):
        """Return the table."""
        return TABLES[self.arguments[0]]()


class RoomConstants(SphinxDirective):
    """The constants that a room shows, with the comments of their definitions."""

    required_arguments = 1

    def run(self):
        """Return a table as reStructuredText, the language of pages of the reference."""
        room = importlib.import_module(self.arguments[0])
        names = [name for name in getattr(room, "__all__", ()) if name.isupper()]
        if not names:
            return []
        told = _comments(room)
        lines = [".. rubric:: Constants", "", ".. list-table::", "   :header-rows: 1", ""]
        for row in [("name", "value", "what"), *((f"``{n}``", _value(room, n), told.get(n, "")) for n in names)]:
            lines += [f"   {'* -' if i == 0 else '  -'} {text}" for i, text in enumerate(row)]
        return self.parse_text_to_nodes("\n".join(lines))


def _value(room, name):
    value = getattr(room, name)
    return f"``{value!r}``" if isinstance(value, (int, float, str)) or len(repr(value)) < 60 else ""


def _comments(room):
    """Return the comments of attributes in all modules of a room, or in that which it shows them of."""
    names = [room.__name__, "cevns.constants", "cevns.interactions.flavours"]
    names += [f"{room.__name__}.{m.name}" for m in pkgutil.iter_modules(getattr(room, "__path__", ()))]
    found = {}
    for name in names:
        for (_, attribute), lines in ModuleAnalyzer.for_module(name).find_attr_docs().items():
            found.setdefault(attribute, " ".join(lines).strip())
    return found


def setup(app):
    """Register the directives."""
    app.add_directive("registry", Registry)
    app.add_directive("room-constants", RoomConstants)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
