"""What other responses, radii and templates make of today's counts and fits, beside an independent calculation."""

from __future__ import annotations

from cevns.experiments.coherent_argon_2020_3d import release
from cevns.figures.rows import compared
from cevns.predictions import Signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cevns.figures.rows import PublishedRow
    from cevns.figures.today.analysis import Today

__all__ = ["argon", "csi"]

#: Change of the events [%] when a shape of the response moves by a standard deviation, up and down.
_SHAPES = {
    "csi efficiency": (11.3, -10.0),
    "csi quenching 0": (0.9, -0.9),
    "csi quenching 1": (-3.1, 3.1),
}
#: R_n - R_p [fm], and the events.
_SKINS = ((0.0, 349.2), (0.07, 341.0))
#: Change of the fitted events, and of chi2 where it is known, with the released files of each excursion.
_EXCURSIONS = {
    "F90": ((1, None), (-12, None)),
    "signal-time": ((-5, None),),
    "PBRN-energy": ((7, None), (-11, None)),
    "PBRN-time": ((30, 50), (13, 8)),
    "PBRN-width": ((5, -39),),
}
_ALTERNATIVE = (
    "The excursion's template in the place of the nominal one, renormalised to its total, all else as published."
)
#: Standard deviations of the signal with excursions as nuisances: those of two files each, and all but the width.
_MORPHED = ((("F90", "PBRN-energy", "PBRN-time"), 3.70), (("F90", "signal-time", "PBRN-energy", "PBRN-time"), 3.94))


def csi(analysis: Today) -> Iterator[PublishedRow]:
    """Compare what the standard model gives in caesium iodide before the times are cut, and with other shapes."""
    experiment = analysis.experiments["CsI 2021"]
    counted = {name: float(counts.sum()) for name, counts in experiment.predict("sm").components.items()}
    untimed = Signal(experiment.flux, experiment.target, experiment.response, experiment.form_factor)
    whole = {name: float(part.counts("sm").sum()) for name, (_, part) in untimed.components.items()}
    yield compared("CsI 2021: SM events at all times", 375.4, sum(whole.values()), 0.4)
    for name, expected in (("prompt nu_mu", 0.997), ("anti-nu_mu", 0.848), ("nu_e", 0.848)):
        yield compared(f"CsI 2021: time acceptance, {name}", expected, counted[name] / whole[name], 1e-3)
    total, signal = sum(counted.values()), experiment.signal
    for shape in (s.name for s in experiment.shapes if s.name in _SHAPES):
        moved = [float(signal.moved({shape: z})[0].counts("sm").sum()) for z in (1.0, -1.0)]
        changes = [100 * (events / total - 1) for events in moved]
        yield compared(f"CsI 2021: SM events, {shape} at +-1 sigma [%]", list(_SHAPES[shape]), changes, 0.1)
    for skin, expected in _SKINS:
        radii = {
            name: nucleus.proton_radius + skin
            for name, nucleus in zip(("rn_cs", "rn_i"), experiment.target.nuclei, strict=True)
        }
        events = float(signal.counts("sm", **radii).sum())
        name = f"R_p + {skin:g} fm" if skin else "R_p"
        yield compared(f"CsI 2021: SM events, R_n = {name}", expected, events, 0.2)


def argon(analysis: Today) -> Iterator[PublishedRow]:
    """Compare fits of argon with the released excursions in the place of templates, and as nuisances."""
    nominal = analysis.statistical()
    events = float(nominal.prediction.signal.sum())
    for name, rows in _EXCURSIONS.items():
        _, *files = release.EXCURSIONS[name]
        for which, (change, chi2) in enumerate(rows):
            found, said = analysis.excursion(name, which), f"Ar 3-D with {files[which].removesuffix('.txt')}"
            more = float(found.prediction.signal.sum()) - events
            yield compared(f"{said}: change of fitted CEvNS events", change, more, 0.6, note=_ALTERNATIVE)
            if chi2 is not None:
                yield compared(f"{said}: change of chi2", chi2, found.chi2 - nominal.chi2, 0.5, note=_ALTERNATIVE)
    for shapes, expected in _MORPHED:
        said = f"Ar 3-D: significance with {', '.join(shapes)} as nuisances [sigma]"
        yield compared(said, expected, analysis.statistical(shapes).significance, 0.02)
