"""One instance, or more, of everything that the contract tests hold to: what a registry holds, and what users build.

Something new is added here, or to `NOT_HELD` with the reason, and has all the tests of its kind;
`contracts/test_completeness.py` fails until then.
"""

import numpy as np

import cevns
from cevns import detectors, fluxes, interactions
from cevns.binning import Axis, Binning
from cevns.detectors import Efficiency, Response

#: By name in the registry, or by the function that builds them.
INTERACTIONS = {name: cevns.get_interaction(name) for name in cevns.known_interactions()} | {
    "Interaction": interactions.mediated("one", proton={"e": 1.0}, neutron={"mu": -2.0}).renamed(coupling="g", mass="m")
    + interactions.contact("two", proton={"mu": 0.3}, neutron={"e": 0.1}),
    "VectorMediator": interactions.VectorMediator("B-3L_mu", quarks=(1 / 3, 1 / 3), leptons={"mu": -3}),
    "mediated": interactions.mediated("neutrons", proton={}, neutron={"e": 1.0, "mu": 1.0}),
    "contact": interactions.contact("contact", proton={"e": 0.2}, neutron={"mu": -0.1}),
    "NonStandardInteractions": interactions.NonStandardInteractions(up={"e": 0.2}, down={"mu": 0.1}),
    "VectorMediator, signed": interactions.VectorMediator(
        "signed", quarks=(1, 1), leptons={"e": 1, "mu": 1}, signed=True
    ),
    "ScalarMediator": interactions.ScalarMediator("protons", neutron=0.0, neutrinos={"e": 1.0, "mu": 2.0}),
    "TensorMediator": interactions.TensorMediator(proton=0.85, neutron=0.08),
    "magnetic_moment": interactions.magnetic_moment("moment").renamed(mu_e="moment_e"),
    "millicharge": interactions.millicharge("charge"),
    "charge_radius": interactions.charge_radius("radius"),
    "anapole": interactions.anapole("toroid"),
    "quark_couplings": interactions.quark_couplings("epsilon"),
    "sterile_dipole": interactions.sterile_dipole("portal"),
    "mediated, electrons": interactions.mediated(
        "leptons", proton={}, neutron={"mu": 1.0}, electron={"e": -1.0, "mu": 2.0}
    ),
    "contact, electrons": interactions.contact("axes", proton={"e": 0.1}, neutron={}, electron={"mu": 0.3}),
    "ScalarMediator, electrons": interactions.ScalarMediator("all", electron=0.7),
    "Upscattering": interactions.Upscattering(exchange="scalar", proton=14.0, neutron=15.0, neutrinos={"mu": 1.0}),
    "Upscattering, vector": interactions.Upscattering("heavy", exchange="vector", proton=1.0, neutron=-2.0),
    "PseudoscalarMediator": interactions.PseudoscalarMediator("axion", neutrinos={"e": 1.0, "mu": -0.5}).renamed(
        mass="m_a", coupling="g_a"
    ),
}
#: A value for each name of a parameter, far from all limits; contact couplings of the order of 1 have none.
VALUES = {
    "mass": 12.0,
    "m": 30.0,
    "coupling": 4e-5,
    "g": 3e-5,
    "m_chi": 8.0,
    # of electrons alone, of which there are few
    "m_a": 0.1,
    "g_a": 3e-3,
    "coupling_squared": -1.5e-9,
    **dict.fromkeys(["mu_e", "mu_mu", "mu_tau", "moment_e"], 2e-9),
    **dict.fromkeys(["q_ee", "q_mumu", "q_emu", "q_etau", "q_mutau", "q_tautau"], 3e-7),
    **dict.fromkeys(["r2_ee", "r2_mumu", "r2_emu", "r2_etau", "r2_mutau", "r2_tautau"], 20.0),
    **dict.fromkeys(interactions.quark_couplings().own_names, 0.3),
    **dict.fromkeys(["a_ee", "a_mumu", "a_emu", "a_etau", "a_mutau", "a_tautau"], -3.0),
}

#: By the function that builds them.
FLUXES = {
    "pion_decay_at_rest": fluxes.pion_decay_at_rest(neutrinos_per_proton=0.08, protons=17.6e22, distance=19.3),
    "reactor_antineutrinos": fluxes.reactor_antineutrinos(thermal_power=3.95, distance=30.0, exposure=1.0),
    "reactor_antineutrinos, highest": fluxes.reactor_antineutrinos(
        thermal_power=3.95, distance=30.0, exposure=1.0, highest=11.0
    ),
    "solar_neutrinos": fluxes.solar_neutrinos(exposure=365.25),
    "solar_neutrinos, hep": fluxes.solar_neutrinos("hep", exposure=365.25, survival=([2.0, 10.0], [0.5, 0.3])),
    "oscillated": fluxes.oscillated(
        fluxes.tabulated([0.5, 2.0, 8.0], {"e": [1e10, 4e10, 0.0]}), {"e": ([1.0, 4.0], [0.9, 0.2])}, rest=["mu"]
    ),
    "monochromatic": fluxes.monochromatic(29.8, fluence=2e12, flavour="mu"),
    "monochromatic, antineutrinos": fluxes.monochromatic(29.8, fluence=2e12, flavour="mu", antineutrino=True),
    "tabulated": fluxes.tabulated([0.5, 2.0, 3.0, 8.0], {"e": [1e10, 4e10, 3e10, 0.0], "tau": [0.0, 0.0, 2e10, 5e9]}),
    "tabulated, histogram": fluxes.tabulated(
        [0.0, 2.0, 3.0, 8.0], {"e": [1e10, 4e10, 3e9]}, histogram=True, antineutrino=False
    ),
}

#: By class.
TIMINGS = {
    "PulseTiming": fluxes.PulseTiming(0.4673, 0.1475, [0.0312, 2.197]),
    "PulseTiming, no decays": fluxes.PulseTiming(1.0, 0.2),
    "PulseTiming, short": fluxes.PulseTiming(0.7, 1e-3, [0.026]),
    "TabulatedTiming": fluxes.TabulatedTiming([-0.5, 0.1, 0.6, 0.85, 7.0], [0.5, 2.0, 7.0, 3.0]),
}
QUENCHINGS = {
    "BirksQuenching": cevns.load("coherent-csi-2017").response.quenching,
    "LindhardQuenching": detectors.LindhardQuenching(protons=32, nucleons=73),
    "LinearQuenching": detectors.LinearQuenching(0.246, 7.8e-4, 125.0),
    "PolynomialQuenching": detectors.PolynomialQuenching((0.0878, 1e-3)),
    "TabulatedQuenching": detectors.TabulatedQuenching([0.0, 10.0, 50.0], [0.0, 0.2, 0.25]),
}
EFFICIENCIES = {
    "perfect": Efficiency.perfect(),
    "steps": Efficiency([0.5, 1.0, 4.0, 9.0], [0.2, 0.9, 0.6], beyond="zero"),
    "points": Efficiency([0.0, 2.0, 30.0], [0.0, 0.8, 0.7]),
    "LogisticEfficiency": detectors.LogisticEfficiency(1.3, 1.5, 2.0, -0.2),
    "LogisticEfficiency, below 1": detectors.LogisticEfficiency(0.8, 3.0, 1.5, 0.1),
    "EfficiencyFunction": detectors.EfficiencyFunction(np.tanh, [0.7]),
}
ARRIVAL_EFFICIENCIES = {
    "ArrivalEfficiency": detectors.ArrivalEfficiency(start=0.52, rate=0.0494),
    "ArrivalEfficiency, fast": detectors.ArrivalEfficiency(start=-0.1, rate=40.0),
    "ArrivalEfficiency, constant": detectors.ArrivalEfficiency(start=0.0, rate=0.0),
}
#: Bins of arrival times, with every kind of efficiency.
ARRIVALS = {
    "Arrival": detectors.Arrival([-0.2, 0.0, 0.5, 0.6, 2.0, 6.0]),
    **{
        f"Arrival, {name} efficiency": detectors.Arrival([0.0, 0.5, 1.0, 2.0, 6.0], efficiency)
        for name, efficiency in {**EFFICIENCIES, **ARRIVAL_EFFICIENCIES}.items()
        # an arrival's are steps or straight lines, or of its own kind
        if isinstance(efficiency, Efficiency | detectors.ArrivalEfficiency)
    },
}
RESOLUTIONS = {
    "none": None,
    "GaussianResolution": detectors.GaussianResolution(0.58),
    "GaussianResolution, noise": detectors.GaussianResolution(0.3, constant=0.2, linear=0.04),
    "TabulatedResolution": detectors.TabulatedResolution([0.0, 2.0, 80.0], [0.2, 0.5, 4.0]),
    "GammaResolution": detectors.GammaResolution(2.0, shape_offset=3.0),
    "PoissonResolution": detectors.PoissonResolution(),
}

ELECTRON_RESPONSES = {
    "ElectronResponse": detectors.ElectronResponse(),
    "ElectronResponse, free": detectors.ElectronResponse(
        "free", light_yield=2.0, resolution=RESOLUTIONS["PoissonResolution"]
    ),
    "ElectronResponse, own shells": detectors.ElectronResponse(
        shells={"Ar": [(10, 0.25), (8, 0.01)]}, efficiency=EFFICIENCIES["points"]
    ),
}


_LIGHT = Axis("light", [2, 4, 8], "PE")
TEMPLATE_RESPONSES = {
    "TemplateResponse": detectors.TemplateResponse([0.5, 2.0, 9.0], [[0.0, 0.0], [0.3, 0.1], [0.2, 0.7]], _LIGHT),
    "TemplateResponse, zero beyond": detectors.TemplateResponse(
        [0.0, 2.0, 9.0], [[0.4, 0.1], [0.3, 0.2], [0.2, 0.7]], _LIGHT, beyond="zero"
    ),
    "TemplateResponse, steps": detectors.TemplateResponse(
        [1.0, 3.0, 20.0, 100.0],
        [[[0.1, 0.2], [0.0, 0.0]], [[0.1, 0.2], [0.3, 0.4]], [[0.0, 0.0], [0.5, 0.5]]],
        Binning([_LIGHT, Axis("time", [0, 1, 6], "us")]),
    ),
}
#: Shapes, each with the response that it moves.
SHAPES = {
    "ResponseShape": (
        Response(QUENCHINGS["PolynomialQuenching"], [1, 2, 5]),
        detectors.ResponseShape(
            "yield", detectors.PolynomialQuenching((0.09, 1.2e-3)), detectors.PolynomialQuenching((0.085, 9e-4))
        ),
    ),
    "ResponseShape, efficiency": (
        Response(QUENCHINGS["LinearQuenching"], [1, 2, 5], efficiency=EFFICIENCIES["LogisticEfficiency"]),
        detectors.ResponseShape(
            "onset",
            detectors.LogisticEfficiency(1.35, 1.5, 1.8, -0.25),
            detectors.LogisticEfficiency(1.25, 1.5, 2.2, -0.15),
            low=-2.0,
        ),
    ),
    "ResponseShape, templates": (
        TEMPLATE_RESPONSES["TemplateResponse"],
        detectors.ResponseShape(
            "simulation",
            detectors.TemplateResponse([0.5, 2.0, 9.0], [[0.0, 0.0], [0.35, 0.12], [0.2, 0.72]], _LIGHT),
            detectors.TemplateResponse([0.5, 2.0, 9.0], [[0.0, 0.0], [0.28, 0.09], [0.22, 0.68]], _LIGHT),
        ),
    ),
}


def responses():
    """Return a response for each kind of quenching, efficiency and resolution."""
    usual = detectors.LinearQuenching(0.246, 7.8e-4, 125.0)
    edges = np.array([0.5, 1.0, 2.0, 5.0, 10.0])
    found = {f"{name} quenching": Response(q, edges) for name, q in QUENCHINGS.items()}
    for efficiency in EFFICIENCIES:
        for resolution in RESOLUTIONS:
            response = Response(
                usual, edges, efficiency=EFFICIENCIES[efficiency], resolution=RESOLUTIONS[resolution], light_yield=1.5
            )
            found[f"{efficiency} efficiency, {resolution} resolution"] = response
    return found


def results(likelihood):
    """Return results of every kind, by class."""
    mass, coupling = [1.0, 10.0, 300.0], np.geomspace(1e-6, 1e-3, 5)
    contact = INTERACTIONS["contact"]
    return {
        "Fit": likelihood.best_fit("b-l", mass=10.0),
        "Fit, no mass": likelihood.best_fit(contact),
        "Limit": likelihood.limit("universal", mass, cl=0.95),
        "Limit, no mass": likelihood.limit(contact),
        "Scan": likelihood.scan("b-l", mass, coupling),
        "Estimate": likelihood.fit("b-l", ["mass", "coupling"], bounds={"mass": (1.0, 100.0)}),
        "Estimate, at an edge": likelihood.fit("sm", ["rn_ar"]),
        "Profile": likelihood.profile("sm", "rn_ar", [3.0, 4.0, 5.0], profiled="sin2_theta_w"),
        "Interval": likelihood.interval(contact, "coupling", sin2_theta_w=0.24),
        "Interval, open": likelihood.interval("sm", "rn_ar"),
        "Toys": likelihood.toys(contact, 300, free="coupling", coupling=0.1, seed=4),
        "Contour": likelihood.contour("sm", "rn_ar", "sin2_theta_w", cl=(0.68, 0.9), bounds={"rn_ar": (2.0, 6.0)}),
        "FeldmanCousins": likelihood.feldman_cousins(
            "b-l", {"mass": [10.0, 50.0, 200.0], "coupling": np.geomspace(1e-6, 1e-3, 5)}, precision=0.2
        ),
        "FeldmanCousins, one": likelihood.feldman_cousins(contact, {"coupling": [-1.0, 0.0, 1.0, 2.0]}, precision=0.2),
        "Sensitivity": likelihood.sensitivity("b-l", mass, cl=0.95),
        "Sensitivity, exposures": likelihood.sensitivity(contact, exposure=[1.0, 4.0], bands="none"),
        "Sensitivity, interval": likelihood.expected_interval(
            "sm", "sin2_theta_w", profiled="rn_ar", exposure=[1.0, 4.0], bands="none"
        ),
        "ExpectedRegion": likelihood.expected_region("sm", {"sin2_theta_w": [0.1, 0.2, 0.3], "rn_ar": [3.0, 4.0]}),
        "ExpectedRegion, one": likelihood.expected_region(
            contact, {"coupling": [-1.0, 0.0, 1.0]}, bands="toys", toys=30
        ),
    }


#: Public classes that no contract holds to, and why.
NOT_HELD = {
    "Amplitude": "part of an interaction",
    "Background": "part of an experiment",
    "Bound": "tests/test_bounds.py holds every registered limit",
    "CevnsError": "an error",
    "Component": "part of a flux",
    "Config": "what a file holds; tests/test_config.py",
    "ConvergenceError": "an error",
    "Data": "part of an experiment",
    "DataError": "an error",
    "Deformation": "part of an experiment; tests/test_joint.py",
    "Distribution": "part of an experiment; tests/test_joint.py",
    "Evaluator": "what the interactions' contract calls",
    "Kind": "part of a monomial",
    "Loop": "part of an amplitude; tests/test_kinematics.py",
    "FormFactor": "tests/test_form_factors.py holds every registered one",
    "InputError": "an error",
    "Likelihood": "the sum of experiments",
    "MagneticMomentBand": "tests/test_magnetic_moments.py",
    "MissingDependencyError": "an error",
    "Merged": "tests/test_work.py",
    "Monomial": "part of an interaction",
    "Nucleus": "tests/test_nuclei.py holds every registered one",
    "Nuisance": "part of an experiment",
    "Omission": "a remark",
    "Prediction": "what the experiments' contract looks at",
    "Posterior": "a function for samplers; tests/test_posteriors.py",
    "Pulls": "what the experiments' contract looks at",
    "RefoldedPredictor": "what the interactions' contract calls",
    "QuenchingByNucleus": "several quenching factors; tests/test_quenching_by_nucleus.py",
    "SharesOver": "what an arrival makes; tests/test_arrivals.py",
    "Signal": "part of an experiment",
    "Spectrum": "part of a flux",
    "SpreadSignal": "part of an experiment",
    "Fraction": "a number with its error",
    "Table": "what a file holds; tests/test_tables.py",
    "Summary": "what merged folders hold; tests/test_work_folders.py",
    "Target": "tests/test_nuclei.py",
    "Task": "tests/test_work.py",
    "TimeOffset": "part of an experiment; tests/test_joint.py",
    "TooManyFreeError": "an error",
    "UnknownNameError": "an error",
    "WeakCouplings": "part of an interaction",
    "WorkError": "an error",
}
#: Base classes, whose subclasses are held.
BASES = {"DetectorResponse", "Quenching", "Result", "SmoothEfficiency", "Timing"}
