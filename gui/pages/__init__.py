"""The pages of the drawer: presets, devices, models, and what OSC says. `drawer.py` holds them."""
