"""The sections of a configuration file that describe nuclei and targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cevns.config import readers as read
from cevns.config.readers import Reader, Section, join
from cevns.errors import CevnsError
from cevns.nuclei import FormFactor, Nucleus, Target, known_form_factors

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["form_factor", "nuclei", "target"]


@read.takes(lambda of: {"anyOf": [of.value(read.text), of.value(read.couplings)]})
def _composition(reader: Reader, value: Any, where: str) -> Any:
    """A formula, or numbers by formula or nucleus; each is tried beside oxygen, so that no problem is withheld."""
    before, own = len(reader.problems), [n for n in reader.nuclei.values() if n is not None]
    counts = {value: 1} if isinstance(value, str) else read.couplings(reader, value, where) or {}
    for name in counts:
        # a nucleus of the file that could not be built is a problem already
        if reader.nuclei.get(name, "") is not None:
            try:
                Target.of({name: 1, "O": 1}, mass=1.0, nuclei=own)
            except CevnsError as error:
                reader.problem(where, error)
    return None if len(reader.problems) > before or None in reader.nuclei.values() else value


@read.takes(lambda of: of.table(_TARGET))
def target(reader: Reader, value: Any, where: str) -> Any:
    """A target, whose composition may name nuclei of the file."""
    table = read.mapping(reader, value, where)
    own = [n for n in reader.nuclei.values() if n is not None]
    return None if table is None else reader.section(_TARGET, table, where, nuclei=own)


@read.takes(lambda of: {"type": "object", "additionalProperties": of.table(_NUCLEUS)})
def nuclei(reader: Reader, value: Any, where: str) -> dict[str, Nucleus | None]:
    """Nuclei of the file; those of `_composition` come from here first."""
    for name, table in (read.by_name(read.mapping)(reader, value, where) or {}).items():
        if table is not None:
            reader.nuclei[name] = reader.section(_NUCLEUS, table, join(where, name), name=name)
    return reader.nuclei


# What the constructors do not offer in this form.


def _build_target(
    *,
    composition: Any,
    mass: float,
    molar_mass: float | None = None,
    left_out: Any = None,
    nuclei: Sequence[Nucleus] = (),
) -> Target:
    return Target.of(composition, mass=mass, molar_mass=molar_mass, left_out=left_out, nuclei=nuclei)


_NAMED = read.among(known_form_factors)
#: The reader of a form factor.
form_factor = read.text_or(
    read.a(Section(FormFactor, {"name": ("name", _NAMED), "thickness_fm": ("thickness", read.number)})),
    "form-factor",
    names=known_form_factors,
)
_OF_NUCLEUS = frozenset({"protons", "neutrons", "atomic_mass_u", "proton_radius", "neutron_radius"})
_NUCLEUS: Section = Section(
    Nucleus.from_atomic_mass,
    {
        "protons": ("protons", read.whole),
        "neutrons": ("neutrons", read.whole),
        "atomic_mass_u": ("atomic_mass_u", read.number),
        "proton_radius_fm": ("proton_radius", read.number),
        "neutron_radius_fm": ("neutron_radius", read.number),
    },
    {"protons": 18, "neutrons": 22, "atomic_mass_u": 40.0},
    dict.fromkeys(_OF_NUCLEUS, _OF_NUCLEUS),
)
_TARGET: Section = Section(
    _build_target,
    {
        "composition": ("composition", _composition),
        "molar_mass_g_per_mol": ("molar_mass", read.number),
        "mass_kg": ("mass", read.number),
        "left_out_g_per_mol": ("left_out", read.number),
    },
    {"composition": "Ar", "mass": 1.0},
    {"molar_mass": frozenset({"composition", "left_out"}), "left_out": frozenset({"composition", "molar_mass"})},
    told_by=(Target.of,),
)
