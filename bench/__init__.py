"""Side-by-side measurements: `python -m bench`. What each row means: docs/benchmarks.md."""
