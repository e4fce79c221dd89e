"""The page around the roots of a document; it fetches nothing but what the server that sends it holds."""

from __future__ import annotations

from jinja2 import Template

__all__ = ["HEAD", "PAGE", "TITLE"]

TITLE = "cevns explore"
#: Sent before anything is computed, so that the browser has its scripts when the rest comes.
HEAD = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{ title }}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
{{ scripts }}
""")
PAGE = Template("""
{%- macro root(of) -%}
<div id="{{ of.elementid }}" data-root-id="{{ of.id }}" style="display: contents;"></div>
{%- endmacro -%}
<meta name="color-scheme" content="{{ theme }}">
<style>
:root {
  --ink: {{ look.ink }}; --paper: {{ look.paper }}; --panel: {{ look.panel }}; --line: {{ look.line }};
  --accent: {{ look.standard }}; --strong: {{ look.excluded }};
}
html, body { margin: 0; background: var(--paper); color: var(--ink);
  font-family: system-ui, "Segoe UI", Helvetica, Arial, sans-serif; }
header { display: flex; flex-wrap: wrap; gap: 4px 18px; align-items: baseline; padding: 8px 14px 0; }
h1 { font-size: 1.15rem; margin: 0; }
header p { margin: 0; font-size: 0.92rem; }
h2 { font-size: 0.95rem; margin: 0 0 6px; }
main { display: grid; grid-template-columns: minmax(250px, 330px) minmax(0, 1fr); gap: 10px; padding: 8px 14px; }
.side, .wide { display: flex; flex-direction: column; gap: 10px; min-width: 0; }
.side { position: sticky; top: 8px; align-self: start; max-height: calc(100vh - 16px); overflow-y: auto; }
.pair { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 10px; }
section, details { background: var(--panel); border: 1px solid var(--line); border-radius: 6px; padding: 10px;
  min-width: 0; }
summary { cursor: pointer; font-weight: 600; font-size: 0.95rem; }
summary:focus-visible { outline: 2px solid var(--accent); }
@media (max-width: 1150px) { .pair { grid-template-columns: minmax(0, 1fr); } }
@media (max-width: 760px) {
  main { display: flex; flex-direction: column; padding: 6px; }
  .side, .wide { display: contents; }
  main > div > section:first-child { order: -1; }
  .wide > section:first-child { order: -3; }
  .side > section:nth-child(2) { order: -2; }
  header { padding: 6px 6px 0; }
}
</style>
</head>
<body>
<header><h1>{{ title }}</h1>
  <p>Choose data and an interaction; then move a slider, type a value or tap the plane.</p>
  {{ root(roots.switch) }}
</header>
<main>
<div class="side">
  <section aria-label="data and interaction">{{ root(roots.choice) }}</section>
  <section aria-label="parameters"><h2>Parameters</h2>{{ root(roots.values) }}</section>
  <details><summary>Weak angle and neutron radii</summary>{{ root(roots.more) }}</details>
  <details{% if by_hand %} open{% endif %}><summary>Nuisances</summary>{{ root(roots.nuisances) }}</details>
</div>
<div class="wide">
  <section aria-label="numbers" role="status" aria-live="polite">
    {{ root(roots.said) }}{{ root(roots.numbers) }}
  </section>
  <div class="pair">
    <section aria-label="plane"><h2>Plane</h2>{{ root(roots.plane) }}</section>
    <section aria-label="lines"><h2>χ² through the point</h2>{{ root(roots.lines) }}</section>
  </div>
  <section aria-label="spectra"><h2>Spectra</h2>{{ root(roots.spectra) }}</section>
  <div class="pair">
    <section aria-label="pulls"><h2>Pulls</h2>{{ root(roots.pulls) }}</section>
    <section aria-label="take along"><h2>Take along</h2>{{ root(roots.take) }}</section>
  </div>
</div>
</main>
{{ plot_script }}
</body>
</html>
""")
