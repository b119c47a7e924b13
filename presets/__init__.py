"""The presets that come with Longtake: one TOML file each, a folder per category. Data only.

`engine.presets` reads them; `README.md` explains their keys.
"""
