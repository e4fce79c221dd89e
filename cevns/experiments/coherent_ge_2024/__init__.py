"""COHERENT germanium, Ge-Mini (arXiv:2406.13806): one count."""
