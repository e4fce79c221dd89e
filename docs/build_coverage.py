"""Write docs/coverage.md: how often asymptotic intervals and regions of the built-in data sets hold what is true.

Takes seven minutes of one core. `python docs/build_coverage.py`
"""

import sys
from pathlib import Path

import cevns
from cevns.files import write_text
from cevns.inference import TWO_SIGMA

LEVELS = (0.6827, 0.90, TWO_SIGMA)
SEED = 2026
CSI, ARGON, CSI_2021, ARGON_3D, GERMANIUM, XENON = (
    *("coherent-csi-2017", "coherent-argon-2020", "coherent-csi-2021"),
    *("coherent-argon-2020-3d", "coherent-ge-2024", "xenonnt-8b-2026"),
)
PAPER, TODAY = (CSI, ARGON), (CSI_2021, ARGON_3D, GERMANIUM, XENON)
#: Options of data sets: the likelihood of 2021 without shapes is ten times as fast.
OPTIONS = {CSI_2021: {"systematics": "core"}}
WEAK = {"sin2_theta_w": 0.2387}

#: Data sets, model, what is free, values that are true, toys.
ROWS = (
    (PAPER, "b-l", "coupling", {"mass": 10.0, "coupling": 0.0}, 20_000),
    (PAPER, "b-l", "coupling", {"mass": 10.0, "coupling": 3e-5}, 20_000),
    (PAPER, "b-l", "coupling", {"mass": 10.0, "coupling": 6e-5}, 20_000),
    (PAPER, "b-l", "coupling", {"mass": 10.0, "coupling": 2e-4}, 20_000),
    (PAPER, "universal", "coupling", {"mass": 10.0, "coupling": 0.0}, 20_000),
    (PAPER, "universal", "coupling", {"mass": 10.0, "coupling": 5e-5}, 20_000),
    (PAPER, "universal", "coupling", {"mass": 1000.0, "coupling": 2e-3}, 20_000),
    (PAPER, "universal", "coupling", {"mass": 1000.0, "coupling": 6e-3}, 20_000),
    (PAPER, "lmu-ltau", "coupling", {"mass": 10.0, "coupling": 0.0}, 20_000),
    (PAPER, "lmu-ltau", "coupling", {"mass": 10.0, "coupling": 1e-3}, 20_000),
    (PAPER, "b-l", ("mass", "coupling"), {"mass": 10.0, "coupling": 0.0}, 4_000),
    (PAPER, "b-l", ("mass", "coupling"), {"mass": 10.0, "coupling": 6e-5}, 4_000),
    (PAPER, "b-l", ("mass", "coupling"), {"mass": 300.0, "coupling": 1e-3}, 4_000),
    (PAPER, "universal", ("mass", "coupling"), {"mass": 10.0, "coupling": 0.0}, 4_000),
    (PAPER, "universal", ("mass", "coupling"), {"mass": 10.0, "coupling": 5e-5}, 4_000),
    (PAPER, "lmu-ltau", ("mass", "coupling"), {"mass": 10.0, "coupling": 0.0}, 4_000),
    ((CSI,), "b-l", "coupling", {"mass": 10.0, "coupling": 0.0}, 20_000),
    ((CSI,), "b-l", "coupling", {"mass": 10.0, "coupling": 8e-5}, 20_000),
    ((ARGON,), "b-l", "coupling", {"mass": 10.0, "coupling": 0.0}, 20_000),
    ((ARGON,), "b-l", "coupling", {"mass": 10.0, "coupling": 8e-5}, 20_000),
    (PAPER, "sm", "sin2_theta_w", WEAK, 4_000),
    (PAPER, "nsi", "eps_u_mumu", {"eps_u_mumu": 0.0}, 20_000),
    (PAPER, "nsi", ("eps_u_ee", "eps_u_mumu"), {"eps_u_ee": 0.0, "eps_u_mumu": 0.0}, 1_000),
    (PAPER, "magnetic-moment", "mu_mu", {"mu_mu": 0.0}, 20_000),
    (PAPER, "magnetic-moment", "mu_mu", {"mu_mu": 5e-9}, 20_000),
    ((CSI_2021,), "b-l", "coupling", {"mass": 10.0, "coupling": 0.0}, 4_000),
    ((CSI_2021,), "b-l", "coupling", {"mass": 10.0, "coupling": 5e-5}, 4_000),
    ((CSI_2021,), "b-l", ("mass", "coupling"), {"mass": 10.0, "coupling": 0.0}, 1_000),
    ((ARGON_3D,), "b-l", "coupling", {"mass": 10.0, "coupling": 0.0}, 2_000),
    ((ARGON_3D,), "b-l", "coupling", {"mass": 10.0, "coupling": 8e-5}, 2_000),
    ((GERMANIUM,), "b-l", "coupling", {"mass": 10.0, "coupling": 0.0}, 10_000),
    ((GERMANIUM,), "b-l", "coupling", {"mass": 10.0, "coupling": 8e-5}, 10_000),
    ((XENON,), "b-l", "coupling", {"mass": 10.0, "coupling": 0.0}, 10_000),
    ((XENON,), "b-l", "coupling", {"mass": 10.0, "coupling": 5e-5}, 10_000),
)

TEXT = """# Coverage

How often the intervals and regions of Wilks' theorem, which `limit`, `interval` and `contour` give, hold what is
true: of toys of the built-in data sets, drawn where nuisances have their central values and with all constraints
measured anew, refitted with everything profiled. Levels are for one degree of freedom where one parameter is free,
for two where two are. Of CsI of 2021 normalisations alone are nuisances. Made by `python docs/build_coverage.py`,
seed {seed}, with cevns {version}; shares, in percent, are followed by their statistical error. [Toys](toys.md) says
how they are drawn and fitted, and how to do the same for your own experiment: `likelihood.coverage(...)`.

| data | model | free | true | toys | at 68.27 % | at 90 % | at 95.45 % |
|---|---|---|---|---|---|---|---|
{table}

## What follows

{conclusions}
"""

CONCLUSIONS = """\
- **One coupling, nothing there.** A coupling of which the square counts cannot be below 0: half of the data have
  their best fit at the end of its range, and chi2 of the truth is no further above it. At 90 % C.L. 94 to 95 % of
  intervals hold 0, at 68 % 84 %: limits where there is nothing new are conservative, by as much.
- **One coupling near the limit.** From the expected limit on coverage is that of the level within 0.6 %; below it, it
  is more. `universal` interferes: where a light mediator lowers the counts most (5·10⁻⁵ at 10 MeV) 88.4 % of
  intervals hold it instead of 90 %, and 64.3 % instead of 68 %. In the strip at heavy masses nothing is missing.
- **Two minima.** One epsilon has two values that fit alike, 0 and 0.37 for `eps_u_mumu`: the data choose the better
  one, and 57.4 % of intervals hold the truth at 68 % C.L., 87.6 % at 90 %. It is the largest shortfall of the table.
- **Two parameters, two degrees of freedom.** Where no mediator is there its mass means nothing: regions at 90 % C.L.
  hold the truth in 97 % of data (`b-l`, `lmu-ltau`) or 92.5 % (`universal`, which fits fluctuations of either sign),
  next to the limit in 92 to 93 %, heavy ones in 92 %. The exclusions of the paper's figures are conservative
  throughout. Along the ring of two epsilons, which all fit as well as the truth, one of the two degrees of freedom is
  lost, too: 93 %.
- **Angle and moments.** sin²θ_W: within 1 %. Moments are like couplings.
- **Counts.** Poisson data (CsI of 2021, argon in three dimensions, germanium, xenon) do as Gaussian ones:
  normalisations known to some percent, which are profiled, are wider than the steps of few counts.

Where it matters, take [regions by toys](toys.md#regions-with-the-coverage-of-their-level), whose coverage is that of
their level."""


def likelihood(names):
    """Return the sum of some data sets."""
    first, *others = (cevns.load(name, **OPTIONS.get(name, {})) for name in names)
    return sum(others, first)


def row(names, model, free, values, count):
    """Return the cells of a row."""
    toys = likelihood(names).toys(model, count, free=free, pulls="central", seed=SEED, **values)
    shown = [toys.coverage(level) for level in LEVELS]
    point = ", ".join(f"{name} = {value:.4g}" for name, value in values.items()) or "standard model"
    free = (free,) if isinstance(free, str) else free
    cells = [" + ".join(names), model, ", ".join(free), point, f"{count}"]
    return [*cells, *(f"{100 * one.value:.1f} ± {100 * one.error:.1f}" for one in shown)]


def page():
    """Return the page."""
    rows = []
    for given in ROWS:
        rows.append("| " + " | ".join(row(*given)) + " |")
        print(rows[-1], file=sys.stderr, flush=True)
    version = cevns.__version__
    return TEXT.format(seed=SEED, version=version, table="\n".join(rows), conclusions=CONCLUSIONS)


if __name__ == "__main__":
    write_text(Path(__file__).with_name("coverage.md"), page())
