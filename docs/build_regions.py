"""Draw docs/regions.png, the picture of the README: excluded regions of the three models."""

from pathlib import Path

import numpy as np

import cevns
from cevns import plotting


def main():
    """Write the picture."""
    csi, argon = cevns.load("coherent-csi-2017"), cevns.load("coherent-argon-2020")
    data = {"Ar": (argon, "#0055aa", ":"), "CsI": (csi, "#cc3311", "--")}
    data["CsI + Ar"] = (csi + argon, "black", "-")
    figure = plotting.new_figure(figsize=(10, 3.6), dpi=180)
    for ax, model in zip(figure.subplots(1, 3), ("universal", "b-l", "lmu-ltau"), strict=True):
        low = 1e-4 if model == "lmu-ltau" else 1e-5
        plotting.mass_coupling_axes(ax, mass=(0.1, 1e4), coupling=(low, 1e4 * low))
        for label, (likelihood, colour, style) in data.items():
            curve = likelihood.limit(model, np.geomspace(0.1, 1e4, 600))
            face = "0.85" if label == "CsI + Ar" else "none"
            curve.plot(ax=ax, color=colour, linestyle=style, label=label, facecolor=face, linewidth=0.9)
        ax.set_title(cevns.get_interaction(model).label + ", 90% C.L.", loc="left")
        ax.legend(loc="upper left", frameon=False)
    plotting.save(figure, Path(__file__).with_name("regions.png"))


if __name__ == "__main__":
    main()
