"""Write docs/limits.md from the metadata of the limits, so that the page cannot disagree with the code."""

from pathlib import Path

from cevns import bounds
from cevns.files import write_text

TEXT = """<!-- docs/build_limits.py writes this page -->
# Limits of other experiments

Published curves that come with the package, with what they say of themselves. Their files, formats and doubts are
[on the page of their origin](../cevns/bounds/data/PROVENANCE.md); `cevns bounds list`, `cevns bounds show MODEL NAME`
and `cevns bounds plot MODEL` show them on the command line.

## Curves

Kinds: *lower* excludes all couplings above the curve, *region* those between two curves, *contour* the inside of a
closed line. The coupling is that of the model, except for `dark-photon`, which holds kinetic mixing. A limit that is
converted from it (PHENIX, LSND) is approximate: `g = 1.58 ε e` holds for prompt decays to e⁺e⁻ below the dimuon
threshold, and LSND's production and decay scale differently, so that `g = ε e` is right only at its lower edge. Other
conversions are refused with the reason.

{table}

## Your curve over ours

```python
from cevns.bounds import get_bound, known_bounds

known_bounds("b-l")  # (model, name) of every limit on B-L
babar = get_bound("b-l", "babar-2014")
babar.lowest([100.0, 500.0]), babar.excludes(100.0, 1e-3), babar.reference

ax = babar.plot()
get_bound("b-l", "lsnd").plot(ax)
```

Your own goes into a text file: mass and lowest excluded coupling, a third column for the highest one if there is one,
an empty line between pieces. Units and the kind of coupling are said, never guessed; [Tables](extending.md#tables) says
what the file may look like:

```python
from pathlib import Path

from cevns.bounds import get_bound, load_bound

Path("mine.csv").write_text("mass_GeV, g^2\\n0.010, 1e-8\\n0.100, 4e-8\\n1.000, 1e-6\\n")
mine = load_bound("mine.csv", model="b-l", mass_unit="GeV", coupling="g^2", confidence_level=0.90)
ax = get_bound("b-l", "babar-2014").plot()
mine.plot(ax, color="black", facecolor="none")
ax.legend()
```

A title that says another unit than `mass_unit`, or another power than `coupling`, is refused. A model of your own is
given as itself, `model=VectorMediator(...)`, here and to `Bound`.

Of several curves side by side, or behind row numbers, say the columns, by number or title:

```python
from pathlib import Path

from cevns.bounds import load_bound

Path("two.csv").write_text("BaBar,,LHCb,\\nX,Y,X,Y\\n20,1e-3,300,4e-4\\n40,2e-3,400,5e-4\\n60,2e-3,,\\n")
load_bound("two.csv", model="b-l", mass_unit="MeV", coupling="g", columns=(3, 4), name="lhcb")
```

All limits on a model at once, one colour for each family of experiments, yours in black. A line is a limit, and the
shading marks its excluded side; it fades where a published curve ends, and the strokes with which many tables end are
left out, since neither is a measurement:

```python
from pathlib import Path

from cevns.bounds import bounds_for, load_bound
from cevns.plotting import plot_bounds, save

Path("ours.csv").write_text("mass_MeV, g\\n10, 1e-4\\n100, 2e-4\\n1000, 1e-3\\n")
mine = load_bound("ours.csv", model="b-l", mass_unit="MeV", coupling="g")
ax = plot_bounds(bounds_for("b-l"), own=[mine])
save(ax, "limits.pdf")
```

A limit that you computed, or the file that it was saved to, goes over them in the same way. Allowed strips and islands
stay open, an upper end of `inf` is none, and the legend names model, data and confidence level:

```python
import cevns
from cevns.bounds import bounds_for
from cevns.inference import Limit
from cevns.plotting import plot_bounds

curve = cevns.load("coherent-csi-2017").limit("b-l", mass=[1.0, 10.0, 100.0, 1000.0])
curve.save("limit.csv")
plot_bounds(bounds_for("b-l"), own=[curve, Limit.load("limit.csv")])
```

The same on the command line; names after the model choose some of the limits, `--columns 3,4` those of the files:

```sh
cevns bounds plot b-l --add mine.csv --mass-unit GeV --coupling g^2 -o limits.pdf
```

`--add` also takes the file of `cevns limit -o limit.csv`, or of `Limit.save`, which says its units, model, data and
confidence level itself; a limit on another model is refused:

```sh
cevns limit coherent-csi-2017 --model b-l --mass 1:1000:31 -o limit.csv
cevns bounds plot b-l --add limit.csv -o limits.pdf
```

## Computed

- **(g-2)_µ**: one loop, `δa = (Q'g)²/4π² ∫ dx x²(1-x)/(x² + (1-x) M²/m²)`, against (279 ± 76)·10⁻¹¹
  (arXiv:2006.04822), or any value and uncertainty: `cevns.bounds.MagneticMomentBand`.
- **(g-2)_e**: the measured shift is negative, (-87 ± 36)·10⁻¹⁴ (arXiv:1806.10252), a vector's is positive, so that no
  coupling explains it. Drawn is the shift whose chi2 lies 2.71 (at 90 %) above that of no shift at all, δa =
  1.8·10⁻¹³. The paper does not state its convention; one that asks for `z σ` above zero would give a coupling 1.8
  times higher.
- **CCFR** above 10 GeV agrees with the heavy-mediator ratio of trident cross sections (arXiv:1406.2332) within 4 %:
  `cevns.bounds.trident_ratio`.
- **CONNIE** is a recast, drawn dashed. No curve is public. The coupling is where the rate in the lowest bin reaches
  41 times the standard model's (arXiv:1910.04951), with a silicon target, Lindhard quenching, and the Huber-Mueller
  spectrum above and Kopeikin's below 2 MeV. The lowest bin, 75 to 275 eVee, is an assumption and a parameter: other
  plausible bins move the coupling by -15 % to +11 % at low mass, and the mass where COHERENT takes over between 5.9
  and 7.2 MeV. Efficiency and resolution are left out.
- **BaBar 4µ** is published at 90 %; figure 5b shows it at 95 %, its coupling multiplied by 1.09 = √(1.960/1.645), for a
  rate that grows as g² with a Gaussian uncertainty.

## Not drawn

{missing}
"""


def page():
    """Return the page's text."""
    missing = "\n".join(f"- **{o.label}** (figure {o.figure}; {o.reference}): {o.reason}." for o in bounds.NOT_DRAWN)
    return TEXT.format(table=bounds.table(), missing=missing)


if __name__ == "__main__":
    write_text(Path(__file__).with_name("limits.md"), page())
