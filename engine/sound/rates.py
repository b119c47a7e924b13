"""The sample rates that a file may be asked to have. Imports nothing: settings and commands name them."""

OUTPUT_RATES = (44_100, 48_000, 88_200, 96_000)
"""Hz."""
