"""How long the live view takes in a real browser: until it is drawn, and from a key on a slider to new numbers.

``python benchmarks/explore.py`` needs playwright and a Chromium, as the tests of the view do. It starts a server for
each set of data, opens the page some times, and then moves the slider of the coupling by keys.
"""

import statistics
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.explored import Explored, chromium  # noqa: E402

PAPER = ("coherent-csi-2017", "coherent-argon-2020")
SETS = {
    "data of the paper": PAPER,
    "all that go with them": (*PAPER, "coherent-ge-2024", "xenonnt-8b-2026"),
}
PAGES, MOVES = 7, 60
#: Resolves a frame after the text has what is excluded, and all pictures of a first screen are drawn.
DRAWN = """() => new Promise(done => { const look = () => {
    const d = window.Bokeh && Bokeh.documents[0], m = d && d.get_model_by_name('numbers');
    const ready = m && m.text.includes('C.L.') && d.is_idle;
    const drawn = name => ready && d.get_model_by_name(name).children.every(c => c.inner_width > 0);
    if (ready && ['plane', 'lines', 'spectra'].every(drawn)) requestAnimationFrame(() => done(performance.now()));
    else setTimeout(look, 2); }; look(); })"""
#: Moves the slider as a key does, and resolves with the milliseconds until another chi2 has been drawn.
MOVED = """key => new Promise(done => {
    const m = Bokeh.documents[0].get_model_by_name('numbers');
    const before = m.text, began = performance.now();
    const look = () => { m.text === before ? setTimeout(look, 1)
        : requestAnimationFrame(() => done(performance.now() - began)); };
    const walk = root => [...root.querySelectorAll('*')].flatMap(e =>
        [...(e.matches('.noUi-handle') ? [e] : []), ...(e.shadowRoot ? walk(e.shadowRoot) : [])]);
    const handle = walk(document.querySelector('section[aria-label=parameters]'))[1];
    handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true})); look(); })"""


def main():
    """Print a table."""
    from playwright.sync_api import sync_playwright

    print("| data | page drawn [s] | slider to numbers, median [ms] | 90 % within [ms] |")
    print("| --- | --- | --- | --- |")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        for name, experiments in SETS.items():
            server = Explored(*experiments, "--model", "b-l")
            # what is computed while a user reaches for the browser
            time.sleep(5)
            query = "&".join(f"data={one}" for one in experiments)
            drawn = []
            for _ in range(PAGES):
                context = browser.new_context(viewport={"width": 1400, "height": 1000})
                page = context.new_page()
                page.goto(f"{server.base}?{query}&model=b-l&mass=50&coupling=0.0001", wait_until="commit")
                drawn.append(page.evaluate(DRAWN) / 1000)
                page.wait_for_timeout(1000)
                if len(drawn) < PAGES:
                    context.close()
            moved = []
            for k in range(MOVES):
                moved.append(page.evaluate(MOVED, "ArrowRight" if k % 20 < 10 else "ArrowLeft"))
                page.wait_for_timeout(400)
            context.close()
            server.end()
            most = sorted(moved)[int(0.9 * MOVES)]
            cells = (name, f"{statistics.median(drawn):.2f}", f"{statistics.median(moved):.0f}", f"{most:.0f}")
            print("|", " | ".join(cells), "|", flush=True)
        browser.close()


if __name__ == "__main__":
    main()
