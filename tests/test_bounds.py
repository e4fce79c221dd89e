"""Limits of other experiments: the shipped curves, conversions, the CONNIE recast and curves of one's own."""

import itertools
import math

import numpy as np
import pytest

import cevns
from cevns import bounds
from cevns.bounds import (
    Bound,
    bounds_for,
    connie_bound,
    get_bound,
    known_bounds,
    load_bound,
    rate_ratio_coupling,
    table,
)
from cevns.bounds.bound import KINDS
from cevns.constants import ELEMENTARY_CHARGE
from cevns.detectors import LindhardQuenching
from cevns.errors import CevnsError, DataError, InputError, UnknownNameError
from cevns.fluxes import monochromatic, reactor_antineutrinos
from cevns.interactions import VectorMediator
from cevns.nuclei import Target
from cevns.predictions import recoil_events

KNOWN = known_bounds()
SILICON = Target.of({"Si-28": 1}, molar_mass=28.085, mass=1.0)


def kinetic_mixing(name, mass):
    """Undo the conversion of a prompt dark-photon limit to B-L: only 40 % of B-L bosons decay to e+ e-."""
    return get_bound("b-l", name).lowest(mass) * math.sqrt(0.4) / ELEMENTARY_CHARGE


class TestEveryBound:
    """What holds for each registered limit."""

    @pytest.fixture(params=KNOWN, ids="/".join)
    def bound(self, request):
        return get_bound(*request.param)

    def test_metadata_is_complete(self, bound):
        assert (bound.model, bound.name) in KNOWN
        assert bound.label
        assert bound.origin
        assert bound.kind in KINDS
        assert bound.figure in ("", "3b", "4b", "5b")
        # every limit says what to cite, or where its numbers come from
        assert bound.reference or "digitised" in bound.origin
        assert bound.coupling.endswith(("epsilon", bound.model))

    def test_numbers_are_finite_positive_and_read_only(self, bound):
        for segment in bound.segments:
            for column in segment:
                assert np.isfinite(column).all()
                assert (column > 0).all()
                assert not column.flags.writeable
            if bound.kind != "contour":
                assert (np.diff(segment[0]) > 0).all()

    def test_outlines_are_finite_and_ordered(self, bound):
        outlines = bound.outlines(top=1.0)
        assert len(outlines) == len(bound.segments)
        for mass, *curves in outlines:
            assert all(c.shape == mass.shape and np.isfinite(c).all() for c in curves)
            if bound.kind == "contour":
                assert (mass[0], curves[0][0]) == (mass[-1], curves[0][-1])
            else:
                assert (curves[0] <= curves[1]).all()

    def test_region_begins_at_its_lowest_coupling(self, bound):
        for mass, *_ in bound.segments:
            middle = float(np.exp(0.5 * (np.log(mass.min()) + np.log(mass.max()))))
            edge = bound.lowest(middle)
            assert 1e-12 < edge < 10
            assert bound.contains(middle, 1.0001 * edge)
            assert not bound.contains(middle, 0.9999 * edge)

    def test_nothing_is_excluded_outside_its_masses(self, bound):
        low, high = bound.mass_range
        assert not bound.contains([0.9 * low, 1.1 * high], [[1e-8], [1e-4], [1.0]]).any()
        assert bound.lowest([0.9 * low, 1.1 * high]).tolist() == [np.inf, np.inf]

    def test_it_is_in_the_table(self, bound):
        row = next(line for line in table().splitlines() if line.startswith(f"| {bound.model} | `{bound.name}` |"))
        assert row.count(" | ") == 9
        assert bound.origin in row
        assert bound.note in row


class TestRegistry:
    def test_every_system_of_the_captions_is_drawn_or_explained(self):
        models = ("universal", "b-l", "lmu-ltau")
        drawn = {(b.figure, b.label) for model in models for b in bounds_for(model) if b.figure}
        drawn |= {(o.figure, o.label) for o in bounds.NOT_DRAWN}
        captions = {
            "3b": ("CONNIE", r"$(g-2)_\mu$"),
            "4b": (
                *("BaBar", "LHCb", "KLOE", "PHENIX", "NA48/2", "A1/MAMI", "E774", "E141", "Orsay", "U70", "E137"),
                *("CHARM", "LSND", r"$(g-2)_\mu$", "$(g-2)_e$"),
            ),
            "5b": ("CCFR", "ATLAS", "CMS", "BaBar", "Borexino", r"$(g-2)_\mu$"),
        }
        for figure, systems in captions.items():
            for system in systems:
                assert any(f == figure and label.startswith(system) for f, label in drawn), (figure, system)

    def test_what_is_not_drawn_has_a_reason_in_the_table(self):
        assert "ATLAS" in table("lmu-ltau")
        assert "ATLAS" not in table("b-l")
        assert all(o.reason and o.reference for o in bounds.NOT_DRAWN)

    def test_figure_5b_shows_babar_at_95_per_cent(self):
        published = get_bound("lmu-ltau", "babar-4mu-2016")
        drawn = next(b for b in bounds_for("lmu-ltau", figure="5b") if b.name == published.name)
        assert (published.confidence_level, drawn.confidence_level) == (0.90, 0.95)
        assert drawn.lowest(1000.0) / published.lowest(1000.0) == pytest.approx(1.0916, abs=1e-4)

    def test_limits_beyond_the_paper_are_in_no_figure(self):
        names = {b.name for b in bounds_for("b-l", figure="4b")}
        assert not names & {"texono", "charm-ii", "borexino"}
        assert {"texono", "charm-ii", "borexino"} <= {b.name for b in bounds_for("b-l")}

    def test_unknown_names_are_explained(self):
        with pytest.raises(UnknownNameError, match="Did you mean 'babar-2014'"):
            get_bound("b-l", "babar")
        with pytest.raises(UnknownNameError, match="unknown model with limits 'sm'"):
            bounds_for("sm")
        with pytest.raises(UnknownNameError, match="known: 4b"):
            bounds_for("b-l", figure="5b")

    def test_model_object_stands_for_its_name(self):
        assert bounds_for(cevns.get_interaction("universal")) == bounds_for("universal")


class TestKnownValues:
    def test_babar_kinetic_mixing_near_100_mev(self):
        assert 5e-4 < kinetic_mixing("babar-2014", 100.0) < 1.5e-3

    def test_na48_kinetic_mixing_squared_near_50_mev(self):
        assert 3e-7 < kinetic_mixing("na48-2-2015", 50.0) ** 2 < 2e-6

    def test_ccfr_plateau(self):
        plateau = get_bound("lmu-ltau", "ccfr-trident").lowest(np.geomspace(15, 40, 20))
        assert plateau == pytest.approx(np.full(20, 9e-4), rel=0.07)

    def test_phenix_becomes_b_minus_l(self):
        source = get_bound("dark-photon", "phenix-2014")
        ratio = get_bound("b-l", "phenix-2014").lowest(50.0) / source.lowest(50.0)
        assert ratio == pytest.approx(1.58 * 0.302822, rel=2e-3)

    def test_beam_dumps_exclude_an_island(self):
        e137 = get_bound("b-l", "e137")
        assert e137.excludes(10.0, [1e-9, 1e-7, 1e-3]).tolist() == [False, True, False]

    def test_gaps_between_segments_exclude_nothing(self):
        # the phi, J/psi and psi' resonances are cut out of the BaBar search
        babar = get_bound("b-l", "babar-2014")
        assert babar.excludes([700.0, 785.0, 900.0, 1019.0, 3096.0], 0.1).tolist() == [True, False, True, False, False]

    def test_lsnd_is_an_island(self):
        lsnd = get_bound("b-l", "lsnd")
        assert lsnd.excludes(10.0, [1e-9, 1e-7, 1e-6, 1e-4]).tolist() == [False, True, True, False]
        assert lsnd.approximate


class TestBound:
    straight = Bound("line", "line", "b-l", "lower", [([1.0, 100.0], [1e-6, 1e-4])], confidence_level=0.90)

    def test_interpolation_is_a_power_law(self):
        assert self.straight.lowest(10.0) == pytest.approx(1e-5, rel=1e-12)

    def test_contains_broadcasts(self):
        assert self.straight.contains(np.ones((3, 1)), [1e-7, 1e-5]).tolist() == [[False, True]] * 3
        assert self.straight.contains(10.0, 2e-5) is True
        assert self.straight.contains(0.0, 1.0) is False

    def test_square_contour(self):
        square = Bound("square", "square", "b-l", "contour", [([1.0, 10.0, 10.0, 1.0], [1e-6, 1e-6, 1e-4, 1e-4])])
        points = itertools.product((0.5, 3.0, 20.0), (1e-7, 1e-5, 1e-3))
        assert [p for p in points if square.excludes(*p)] == [(3.0, 1e-5)]
        assert square.lowest(3.0) == pytest.approx(1e-6)

    def test_rescaling_by_two_sided_gaussian_quantiles(self):
        assert self.straight.rescaled(0.95).lowest(10.0) / 1e-5 == pytest.approx(math.sqrt(1.95996 / 1.64485), rel=1e-5)
        fourth = self.straight.rescaled(0.95, power=4)
        assert fourth.lowest(10.0) / 1e-5 == pytest.approx((1.95996 / 1.64485) ** 0.25, rel=1e-5)
        assert fourth.confidence_level == 0.95
        assert "Gaussian" in fourth.note

    @pytest.mark.parametrize(
        ("key", "reason"),
        [
            (("b-l", "e137"), "decay length"),
            (("b-l", "texono"), "does not state a confidence level"),
            (("b-l", "g-2-mu"), "compute it at the new level"),
        ],
        ids=["region", "no level", "band"],
    )
    def test_rescaling_is_refused_with_a_reason(self, key, reason):
        with pytest.raises(InputError, match=reason):
            get_bound(*key).rescaled(0.95)

    @pytest.mark.parametrize(
        ("key", "model", "reason"),
        [
            (("dark-photon", "phenix-2014"), "lmu-ltau", "charges in other proportions"),
            (("dark-photon", "lsnd"), "universal", "charges in other proportions"),
            (("b-l", "babar-2014"), "universal", "only kinetic mixing converts"),
            (("lmu-ltau", "borexino"), "b-l", "only kinetic mixing converts"),
        ],
        ids=["phenix", "lsnd", "babar", "borexino"],
    )
    def test_conversion_is_refused_with_a_reason(self, key, model, reason):
        with pytest.raises(InputError, match=reason):
            get_bound(*key).converted_to(model)

    def test_prompt_conversion_ends_at_the_dimuon_threshold(self):
        wide = Bound("wide", "wide", "dark-photon", "lower", [([10.0, 300.0], [1e-3, 1e-3])], search="prompt")
        with pytest.raises(InputError, match=r"dimuon threshold of 211\.3 MeV"):
            wide.converted_to("b-l")

    def test_conversion_needs_the_kind_of_search(self):
        unsaid = Bound("unsaid", "unsaid", "dark-photon", "lower", [([10.0, 30.0], [1e-3, 1e-3])])
        with pytest.raises(InputError, match="search='prompt'"):
            unsaid.converted_to("b-l")

    def test_conversion_to_its_own_model_changes_nothing(self):
        assert self.straight.converted_to("b-l") is self.straight

    @pytest.mark.parametrize(
        ("kind", "segments", "message"),
        [
            ("lower", [], "at least one"),
            ("lower", [([1.0], [1e-3])], "at least 2"),
            ("lower", [([2.0, 1.0], [1e-3, 1e-3])], "sort it"),
            ("lower", [([1.0, 1.0], [1e-3, 1e-3])], "drop the repeated one, or say kind='contour'"),
            ("lower", [([1.0, 2.0], [1e-3, 0.0])], "coupling_lower"),
            ("lower", [([1.0, 2.0], [1e-3, np.nan])], "coupling_lower"),
            ("region", [([1.0, 2.0], [1e-3, 1e-3])], "needs mass, coupling_lower, coupling_upper"),
            ("region", [([1.0, 2.0], [1e-3, 1e-3], [1e-2, 1e-4])], "swap the columns"),
            ("contour", [([1.0, 2.0], [1e-3, 1e-3])], "at least 3"),
            ("upper", [([1.0, 2.0], [1e-3, 1e-3])], "unknown kind"),
        ],
        ids=["none", "point", "order", "repeated", "zero", "nan", "columns", "swapped", "outline", "kind"],
    )
    def test_bad_curves_are_refused(self, kind, segments, message):
        with pytest.raises(CevnsError, match=message):
            Bound("bad", "bad", "b-l", kind, segments)


class TestConnie:
    def test_rate_at_the_limit_is_41_times_the_standard_model(self):
        # the limit against the direct double integral
        limit = connie_bound(mass=[0.5, 5.0, 50.0])
        edges = LindhardQuenching(protons=14, nucleons=28).recoil([0.075, 0.275])
        flux = reactor_antineutrinos(thermal_power=3.95, distance=30, exposure=1)
        standard = recoil_events("sm", flux, SILICON, edges)[0]
        for mass, coupling in zip(*limit.segments[0], strict=True):
            events = recoil_events("universal", flux, SILICON, edges, mass, coupling)[0]
            assert events / standard == pytest.approx(41, rel=1e-7)

    def test_power_and_distance_cancel(self):
        other = reactor_antineutrinos(thermal_power=1.0, distance=10, exposure=300)
        assert connie_bound(flux=other).lowest(1.0) == pytest.approx(connie_bound().lowest(1.0), rel=1e-10)

    def test_contact_limit_at_high_mass(self):
        low, high = connie_bound().lowest([1e3, 1e4])
        assert high / low == pytest.approx(10, rel=1e-4)

    def test_interference_decides_between_the_models(self):
        # constructive for B-L (kappa = 1), destructive for the universal model (kappa = 3): compare kappa g^2
        assert connie_bound("b-l").lowest(1e3) ** 2 < 3 * connie_bound("universal").lowest(1e3) ** 2

    def test_stronger_than_coherent_below_about_5_mev_and_weaker_above(self):
        both = cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")
        masses = np.array([1.0, 3.0, 10.0, 20.0])
        coherent = both.limit("universal", masses, cl=0.9545).lowest
        assert (get_bound("universal", "connie").lowest(masses) < coherent).tolist() == [True, True, False, False]

    def test_it_is_marked_as_a_recast(self):
        connie = get_bound("universal", "connie")
        assert "recast" in connie.label
        assert connie.approximate
        assert connie.confidence_level == 0.95

    def test_models_without_electron_couplings_are_refused(self):
        with pytest.raises(InputError, match="does not reach the flavours"):
            connie_bound("lmu-ltau")
        with pytest.raises(InputError, match="'sm' is not one of a mediator"):
            connie_bound("sm")

    @pytest.mark.parametrize(
        "changes", [{"ratio": 1.0}, {"bin_kevee": (0.0, 0.2)}, {"bin_kevee": (0.3, 0.2)}, {"mass": [-1.0]}], ids=str
    )
    def test_bad_parameters_are_refused(self, changes):
        with pytest.raises(InputError):
            rate_ratio_coupling(
                **{
                    "model": "universal",
                    "mass": 1.0,
                    "ratio": 41,
                    "bin_kevee": (0.075, 0.275),
                    "flux": monochromatic(7.0, fluence=1e20, flavour="e"),
                    "target": SILICON,
                    "quenching": LindhardQuenching(14, 28),
                    **changes,
                }
            )


class TestLoadBound:
    @pytest.fixture
    def load(self, tmp_path):
        def load(text, **options):
            path = tmp_path / "mine.csv"
            path.write_text(text, encoding="utf-8")
            return load_bound(path, **{"model": "b-l", "mass_unit": "MeV", "coupling": "g", **options})

        return load

    def test_two_columns_with_gap_title_and_comments(self, load):
        mine = load("mass, g\n# first piece\n1, 1e-4\n2, 1e-4\n\n5, 1e-3 # second\n9, 1e-3\n", confidence_level=0.9)
        assert (mine.kind, mine.name, mine.label, mine.confidence_level) == ("lower", "mine", "mine", 0.9)
        assert mine.excludes([1.5, 3.0, 7.0], 1e-2).tolist() == [True, False, True]

    def test_three_columns_are_a_closed_region(self, load):
        mine = load("1 1e-6 1e-4\n10 1e-6 1e-4\n")
        assert mine.excludes(3.0, [1e-7, 1e-5, 1e-3]).tolist() == [False, True, False]

    @pytest.mark.parametrize(("unit", "scale"), [("keV", 1e-3), ("MeV", 1.0), ("GeV", 1e3)], ids=["keV", "MeV", "GeV"])
    def test_units_of_mass(self, load, unit, scale):
        assert load("1;1e-4\n2;1e-4", mass_unit=unit).mass_range == pytest.approx((scale, 2 * scale))

    def test_squared_couplings(self, load):
        assert load("1 1e-8\n2 1e-8", coupling="g^2").lowest(1.5) == pytest.approx(1e-4)

    def test_kinetic_mixing_converts(self, load):
        mine = load("10 1e-6\n20 1e-6", model="dark-photon", coupling="epsilon^2", search="prompt")
        assert mine.converted_to("b-l").lowest(15.0) == pytest.approx(1e-3 * 0.302822 / math.sqrt(0.4), rel=1e-4)

    def test_model_of_ones_own(self, load):
        model = VectorMediator("B-3L_mu", quarks=(1 / 3, 1 / 3), leptons={"mu": -3})
        assert load("1 1e-4\n2 1e-4", model=model).model == "B-3L_mu"

    def test_contour(self, load):
        mine = load("1 1e-6\n10 1e-6\n10 1e-4\n1 1e-4\n", kind="contour")
        assert mine.excludes(3.0, 1e-5)

    @pytest.mark.parametrize(
        ("text", "line", "remedy"),
        [
            ("1 1e-4\n2 abc\n", 2, "column 2 holds text, which is not a number; correct"),
            ("1 1e-4\n2 1e-4 3 4\n", 2, "4 columns where the others have 2.*correct the row"),
            ("1 2 3 4\n2 3 4 5\n", 1, r"4 columns where 2 or 3 are needed.*columns=\(2, 3\)"),
            ("1\n2\n", 1, "1 column where 2 or 3 are needed; give mass and coupling"),
            ("# title\n1 1e-4\n3 1e-4\n2 1e-4\n", 4, "mass 2 follows 3; sort the rows"),
            ("1 1e-4\n2 -1e-4\n", 2, "coupling -0.0001 is not positive and finite"),
            ("3 1e-4\n2 1e-4\n1 1e-4\n", 2, "reverse the rows"),
            ("1 1e-4\n2 1e-4\n2 2e-4\n", 3, "drop the repeated row.*kind='contour'"),
            ("1,5.0,1e-4\n2,6.0,1e-4\n", 1, r"column 1 may be a row number: choose .*columns=\(2, 3\)"),
            ("0 1e-5 1e-4\n1 2e-5 1e-4\n2 3e-5 1e-4\n", 1, "column 1 counts the rows .*kind='region'"),
            ("1.0D+01 1.0D-04\n20. 2.0E-0x\n", 2, "column 2"),
            ("O.5,0.1\n1,0.2\n", 1, "column 1"),
            ("1 1e-4\n2 nan\n", 2, "column 2 holds no finite number"),
            ("0 1e-4\n2 1e-4\n", 1, "mass 0 is not positive"),
            ("1 1e-4\n\n2 1e-4\n3 1e-4\n", 1, "has 1 row.*remove the empty line"),
            ("1 1e-3 1e-4\n2 1e-3 1e-2\n", 1, "swap the columns"),
            ("1,0 0,1\n2,0 0,2\n", 1, "a point as decimal sign"),
        ],
        ids=[
            *("word", "long row", "columns", "one column", "order", "negative", "descending", "repeated"),
            *("row number", "row number or mass", "second row", "first row", "nan", "massless", "short", "swapped"),
            "comma",
        ],
    )
    def test_malformed_rows_name_file_line_and_remedy(self, load, text, line, remedy):
        with pytest.raises(DataError, match=rf"mine\.csv, line {line}: .*{remedy}"):
            load(text)

    def test_fortran_exponents_and_a_byte_order_mark(self, load):
        assert load("\ufeff1.0D+01 1.0D-04\n20. 2.0E-04\n").mass_range == (10.0, 20.0)

    def test_curves_side_by_side_and_row_numbers(self, load):
        text = "BaBar,,LHCb,\nX,Y,X,Y\n1,1e-4,300,1e-3\n2,1e-4,400,1e-3\n3,2e-4,,\n"
        assert load(text, columns=(1, 2)).mass_range == (1, 3)
        assert load(text, columns=(3, 4)).mass_range == (300, 400)
        numbered = "0 1e-5 1e-4\n1 2e-5 1e-4\n2 3e-5 1e-4\n"
        assert load(numbered, columns=[2, 3]).mass_range == (1e-5, 3e-5)
        titled = load("n;mass;g\n0;0,5;1e-4\n1;1,5;2e-4\n", columns=["mass", "g"])
        assert titled.segments[0][0].tolist() == [0.5, 1.5]
        assert load("1 1e-5 1e-4\n2 1e-5 1e-4\n3 1e-5 1e-4\n", kind="region").mass_range == (1, 3)

    def test_a_row_of_separators_ends_a_segment_too(self, load):
        assert len(load("1,1e-4\n2,1e-4\n,\n5,1e-3\n9,1e-3\n").segments) == 2

    def test_empty_and_missing_files(self, load, tmp_path):
        with pytest.raises(DataError, match="holds no rows"):
            load("# nothing\n")
        with pytest.raises(DataError, match=r"cannot read .*absent\.csv"):
            load_bound(tmp_path / "absent.csv", model="b-l", mass_unit="MeV", coupling="g")

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"mass_unit": "mev"}, "known: GeV, MeV"),
            ({"mass_unit": "kg"}, "unknown mass_unit 'kg'"),
            ({"coupling": "g2"}, "Did you mean 'g\\^2'"),
            ({"coupling": "epsilon"}, "does not fit model 'b-l'"),
            ({"model": "dark-photon"}, "given as 'epsilon'"),
            ({"model": "B-L"}, "Did you mean 'b-l'"),
            ({"kind": "lowr"}, "Did you mean 'lower'"),
            ({"confidence_level": 90}, "0.90 for 90 %"),
        ],
        ids=["case", "unit", "coupling", "epsilon", "dark", "model", "kind", "level"],
    )
    def test_wrong_options_are_explained(self, load, options, message):
        with pytest.raises(CevnsError, match=message):
            load("1 1e-4\n2 1e-4\n", **options)


def test_levels_at_the_ends_of_what_is_allowed_are_rescaled_or_refused():
    points = [([1.0, 10.0], [1e-5, 1e-5])]
    next_to_one = Bound("a", "a", "b-l", "lower", points, confidence_level=1 - 2**-53)
    assert 0 < next_to_one.rescaled(0.95).lowest(5.0) < 1e-5
    next_to_zero = Bound("a", "a", "b-l", "lower", points, confidence_level=1e-300)
    with pytest.raises(InputError, match="too close to 0"):
        next_to_zero.rescaled(0.95)
    low = Bound("a", "a", "b-l", "lower", points, confidence_level=1e-12)
    with pytest.raises(InputError, match="inf"):
        low.rescaled(0.95, power=1e-3)


def test_couplings_that_overflow_are_refused_without_a_warning():
    with pytest.raises(InputError, match="inf"):
        Bound("a", "a", "b-l", "lower", [([1.0, 10.0], [1e-5, 1e300])]).scaled(1e300)


@pytest.mark.parametrize(("mass", "unit"), [("1e308", "TeV"), ("1e-320", "eV")])
def test_masses_that_mev_cannot_hold_are_refused_with_their_line(tmp_path, mass, unit):
    path = tmp_path / "a.csv"
    path.write_text(f"{mass},1e-4\n{mass},1e-4\n")
    with pytest.raises(DataError, match=r"a\.csv, line 1: mass .* not positive and finite in MeV"):
        bounds.load_bound(path, model="b-l", mass_unit=unit, coupling="g")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda mass: connie_bound(mass=[1e3, mass]), id="connie"),
        pytest.param(lambda mass: bounds.trident_ratio(mass, 1e-4), id="trident"),
        pytest.param(lambda mass: bounds.trident_coupling_limit(mass), id="trident-limit"),
        pytest.param(lambda mass: bounds.magnetic_moment_shift(mass, 1e-4), id="moment"),
        pytest.param(lambda mass: bounds.coupling_for_shift(mass, 1e-9), id="moment-limit"),
    ],
)
def test_masses_have_the_range_of_the_parameter(call):
    with pytest.raises(InputError, match=r"mass .*1e\+15"):
        call(1e16)
