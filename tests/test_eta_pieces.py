"""Pieces of the quenching scale: polynomials stand for counts inside them, and few scales are folded to find them."""

import numpy as np
import pytest

from cevns.detectors import GammaResolution, GaussianResolution, PoissonResolution, PolynomialQuenching, Response
from cevns.experiments import Experiment
from cevns.fluxes import pion_decay_at_rest
from cevns.nuclei import Target
from cevns.predictions import pieces
from cevns.predictions.folding import response_weights


@pytest.mark.parametrize("allowed", [1e-9, 1e-11])
@pytest.mark.parametrize("resolution", [PoissonResolution(), GaussianResolution(1.0), GammaResolution(0.7)], ids=repr)
def test_few_scales_are_folded_for_the_pieces_of_a_smooth_response(monkeypatch, resolution, allowed):
    response = Response(PolynomialQuenching((0.09,)), np.linspace(5, 40, 8), light_yield=13.35, resolution=resolution)
    flux = pion_decay_at_rest(neutrinos_per_proton=0.09, protons=1e23, distance=20.0)
    experiment = Experiment(
        "smooth", flux, Target.of("Cs", mass=10.0), response, np.ones(7), signal_sigma=0.1, quenching_sigma=0.4
    )
    nodes = experiment.signal.folds.nodes
    folded = []
    rows = pieces.response_rows
    monkeypatch.setattr(pieces, "response_rows", lambda nodes, etas: folded.append(etas.size) or rows(nodes, etas))
    built = pieces.EtaPieces.build(nodes, 0.4, allowed)
    count = built.edges.size - 1
    assert sum(folded) <= 2 * 9 * count
    rates = np.ascontiguousarray(pieces.probes_of(nodes).T)
    known = built.weights.dot(rates).reshape(len(rates), count, 5, 7)
    for i in range(0, count, 7):
        at = 0.37
        eta = built.edges[i] + at * (built.edges[i + 1] - built.edges[i])
        shares = np.vander([2 * at - 1], 5, increasing=True) @ pieces.TO_POWERS
        found = np.einsum("j,kjb->kb", shares[0], known[:, i])
        wanted = rates @ response_weights(nodes, eta).T
        top = wanted.max(axis=1, keepdims=True)
        assert np.abs(found - wanted).max(axis=1) == pytest.approx(0, abs=3 * allowed * float(top.max()))
        assert (np.abs(found - wanted) < 3 * allowed * np.sqrt(np.maximum(wanted, 1e-8 * top) * top)).all()
