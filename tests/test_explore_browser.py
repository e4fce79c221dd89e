"""The live view in a real browser: every control moves the right number."""

import contextlib
import math
import re
import signal
import time

import pytest

import cevns

from .explored import Explored, chromium

pytest.importorskip("bokeh")
playwright = pytest.importorskip("playwright.sync_api")
if chromium() is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

#: Text of a root, which stands in a shadow of the page.
TEXT = """names => { const d = window.Bokeh && Bokeh.documents[0]; if (!d) return '';
    return names.map(n => { const m = d.get_model_by_name(n); return m ? m.text : '' }).join(' ') }"""
BOTH = "data=coherent-csi-2017&data=coherent-argon-2020"


@pytest.fixture(scope="module")
def server():
    found = Explored()
    yield found
    found.end()
    assert not [line for line in found.said if "Traceback" in line], found.said


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as driver:
        found = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def both():
    return cevns.load("coherent-csi-2017") + cevns.load("coherent-argon-2020")


class Tab:
    """A page of the view, with what it fetched and what went wrong in it."""

    def __init__(self, browser, server, query="", **options):
        self.context = browser.new_context(viewport={"width": 1400, "height": 1000}, **options)
        self.page = self.context.new_page()
        self.wrong, self.fetched = [], []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("request", lambda request: self.fetched.append(request.url))
        self.page.goto(f"{server.base}{f'?{query}' if query else ''}")

    def text(self, *names):
        return re.sub(r"<[^>]*>", " ", self.page.evaluate(TEXT, list(names)))

    def until(self, pattern, *names):
        """Return the match of a pattern in the text, once it is there."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            found = re.search(pattern, self.text(*(names or ("said", "numbers"))))
            if found:
                return found
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{pattern} not in {self.text('said', 'numbers')}")

    def chi2(self, expected):
        """Wait for chi2 at the point."""
        shown = f"{expected:.6g}"
        self.until(rf"χ² at the point\s+{re.escape(shown)}\s")

    def field(self, name, text):
        box = self.page.locator("section[aria-label=parameters] input[type=text]")
        row = ["mass", "coupling"].index(name)
        box.nth(row).fill(text)
        box.nth(row).press("Enter")

    def select(self, title, value):
        self.page.get_by_label(title, exact=True).select_option(value)

    def close(self):
        assert self.wrong == []
        self.context.close()


@pytest.fixture
def tab(browser, server):
    with contextlib.ExitStack() as stack:

        def opened(query="", **options):
            found = Tab(browser, server, query, **options)
            stack.callback(found.close)
            return found

        yield opened


def test_it_opens_with_the_numbers_of_the_library_and_nothing_from_elsewhere(tab, server, both):
    page = tab(f"{BOTH}&model=b-l&mass=50&coupling=0.0001")
    page.chi2(both.chi2("b-l", 50.0, 1e-4))
    low = both.limit("b-l", 50.0).excluded[0][0, 0]
    page.until(rf"At mass = 50 MeV, coupling above {re.escape(f'{low:.6g}')} is excluded at 90 % C\.L\.")
    best = both.best_fit("b-l")
    page.until(rf"best fit\s+mass {best.mass:.4g}, coupling {best.coupling:.4g}")
    assert all(url.startswith((server.base, "data:", "blob:")) for url in page.fetched)


def test_fields_and_sliders_move_the_point(tab, both):
    page = tab(f"{BOTH}&model=b-l&mass=50&coupling=0.0001")
    page.chi2(both.chi2("b-l", 50.0, 1e-4))
    page.field("mass", "20")
    page.chi2(both.chi2("b-l", 20.0, 1e-4))
    page.field("coupling", "3e-5")
    page.chi2(both.chi2("b-l", 20.0, 3e-5))
    page.page.locator("section[aria-label=parameters] .noUi-handle").first.press("ArrowRight")
    page.until(r"At mass = 2\d\.\d+ MeV")
    mass = float(page.until(r"mass=(?!20\.0\s)([\d.]+) coupling=3e-05", "take")[1])
    assert mass > 20
    page.chi2(both.chi2("b-l", mass, 3e-5))
    page.field("mass", "ten")
    page.until("mass must be one number")
    page.field("mass", "-3")
    page.until("mass = -3.0 is not allowed")


def test_data_interaction_and_level(tab, both):
    page = tab(f"{BOTH}&model=b-l&mass=50&coupling=0.0001")
    page.chi2(both.chi2("b-l", 50.0, 1e-4))
    page.select("Confidence level", "0.99")
    low = both.limit("b-l", 50.0, cl=0.99).excluded[0][0, 0]
    page.until(rf"above {re.escape(f'{low:.6g}')} is excluded at 99 % C\.L\.")
    page.page.get_by_label("coherent-csi-2017").uncheck()
    argon = cevns.load("coherent-argon-2020")
    page.chi2(argon.chi2("b-l", 50.0, 1e-4))
    # what is built anew has its numbers as well
    boxes = page.page.locator("section[aria-label=parameters] input[type=text]")
    playwright.expect(boxes.nth(0)).to_have_value("50")
    playwright.expect(boxes.nth(1)).to_have_value("0.0001")
    page.select("Interaction", "universal")
    page.chi2(argon.chi2("universal", 50.0, 1e-4))
    page.select("Interaction", "sm")
    page.chi2(argon.chi2("sm"))
    page.page.get_by_label("coherent-argon-2020", exact=True).uncheck()
    page.until("no data set is chosen")
    page.page.get_by_label("coherent-argon-2020", exact=True).check()
    page.page.get_by_label("coherent-argon-2020-3d").check()
    page.until("hold the same events")


def test_what_lies_below_the_first_screen_comes_too(tab):
    page = tab("data=coherent-argon-2020-3d&data=coherent-ge-2024&model=b-l&mass=50&coupling=0.0001")
    page.until("χ² at the point")
    count = "name => { const d = Bokeh.documents[0]; return d.get_model_by_name(name).children.length }"
    for name, parts in (("spectra", 4), ("more", 3)):
        page.page.wait_for_function(f"() => ({count})('{name}') === {parts}")
    page.page.wait_for_function("() => Bokeh.documents[0].get_model_by_name('pulls').children[0].type === 'Figure'")


def test_a_tap_moves_the_point(tab, both):
    page = tab(f"{BOTH}&model=b-l&mass=50&coupling=0.0001")
    page.until("is excluded at")
    canvas = page.page.locator("section[aria-label=plane] .bk-Canvas").first.bounding_box()
    page.page.mouse.click(canvas["x"] + 0.5 * canvas["width"], canvas["y"] + 0.6 * canvas["height"])
    found = page.until(r"mass=([\d.e-]+) coupling=(?!0\.0001\s)([\d.e-]+)", "take")
    page.chi2(both.chi2("b-l", float(found[1]), float(found[2])))


def test_contact_couplings_have_a_plane_that_is_chosen(tab, both):
    page = tab(f"{BOTH}&model=charge-radius")
    page.chi2(both.chi2("charge-radius"))
    page.until("This point is allowed")
    page.select("Plane, x", "r2_emu")
    page.until(r"best fit\s+r2_emu")
    page.select("Plane, y", "r2_emu")
    page.until(r"best fit\s+r2_mumu [^,]*, r2_emu")


def test_nuisances_by_hand(tab):
    page = tab("data=coherent-argon-2020&model=sm")
    argon = cevns.load("coherent-argon-2020")
    page.chi2(argon.chi2("sm"))
    page.page.get_by_text("Nuisances").click()
    page.page.get_by_text("by hand").click()
    page.until(rf"nuisances by hand\s+{argon.chi2('sm'):.6g}")
    page.page.locator("details .noUi-handle:visible").first.press("ArrowRight")
    moved = float(page.until(r"nuisances by hand\s+([\d.]+)")[1])
    assert moved >= round(argon.chi2("sm"), 4)


def test_the_address_survives_a_reload(tab, both):
    page = tab(f"{BOTH}&model=b-l&mass=50&coupling=0.0001")
    page.chi2(both.chi2("b-l", 50.0, 1e-4))
    page.field("mass", "31")
    page.chi2(both.chi2("b-l", 31.0, 1e-4))
    page.page.wait_for_url("**mass=31.0**")
    page.page.reload()
    page.chi2(both.chi2("b-l", 31.0, 1e-4))


def test_two_tabs_are_independent(tab, both):
    one, other = tab(f"{BOTH}&model=b-l&mass=50&coupling=0.0001"), tab(f"{BOTH}&model=scalar&mass=10&coupling=2e-5")
    one.chi2(both.chi2("b-l", 50.0, 1e-4))
    other.chi2(both.chi2("scalar", 10.0, 2e-5))
    one.field("mass", "5")
    one.chi2(both.chi2("b-l", 5.0, 1e-4))
    other.chi2(both.chi2("scalar", 10.0, 2e-5))


def test_files_are_those_of_the_library(tab, both):
    page = tab(f"{BOTH}&model=b-l&mass=50&coupling=0.0001")
    page.until("is excluded at")
    with page.page.expect_download() as waiting:
        page.page.get_by_role("link", name="CSV").nth(0).click()
    lines = waiting.value.path().read_text().splitlines()
    mass, low, high = map(float, lines[1].split(","))
    assert (low, high) == (pytest.approx(both.limit("b-l", mass).excluded[0][0, 0], rel=1e-12), math.inf)
    for kind, begin in (("SVG", b"<?xml"), ("PNG", b"\x89PNG")):
        for panel in range(4):
            with page.page.expect_download() as waiting:
                page.page.get_by_role("link", name=kind).nth(panel).click()
            assert waiting.value.path().read_bytes().startswith(begin)


def test_what_an_address_says_wrong_is_a_sentence(tab):
    tab("model=nope").until("unknown interaction")
    tab("model=b-l&mass=-5").until("mass = -5.0 is not allowed")
    page = tab("model=<img src=x onerror=alert(1)>")
    page.until("unknown interaction|no line of at most")
    assert page.page.locator("img[src=x]").count() == 0


def test_the_theme_changes(tab):
    page = tab(f"{BOTH}&model=b-l&mass=20")
    page.until("χ² at the point")
    papers = []
    for _ in range(2):
        papers.append(page.page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.page.get_by_role("link", name="theme").click()
        page.page.wait_for_url("**theme=*")
        page.until("At mass = 20 MeV")
    assert papers[0] != papers[1]


def test_a_narrow_screen_needs_no_scrolling_sideways(tab):
    page = tab(f"{BOTH}&model=b-l")
    page.until("is excluded at")
    page.page.set_viewport_size({"width": 390, "height": 800})
    page.page.wait_for_timeout(500)
    assert page.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_server_that_ends_leaves_a_page_that_says_so(browser):
    own = Explored("coherent-argon-2020")
    page = Tab(browser, own)
    page.until("χ² at the point")
    own.process.send_signal(signal.SIGKILL)
    own.process.wait(20)
    own.process.stdout.close()
    page.page.wait_for_timeout(1500)
    assert page.page.get_by_text(re.compile("connection", re.IGNORECASE)).count() > 0
    page.context.close()
