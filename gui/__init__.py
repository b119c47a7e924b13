"""The panel: what a musician sees, a room for each part of the window.

    __main__.py       builds session and window
    qt_session.py     events of the bridge, on Qt's thread
    window/           the window and its menus
    compose/          what is asked for
    queue.py          what is being made
    takes/            what there is
    transport.py      time, and what is heard; status.py: the line at the bottom
    pages/            presets, devices, OSC, models, settings: the drawer
    learn.py, memory.py, welcome.py     MIDI learn, what the panel remembers, the first start
    first_aid.py, one_window.py         settings that cannot be read; a second start
    fetching.py         what is being downloaded; folders.py: files in the system's file manager
    look/             colours, fonts, icons, languages, shared widgets

Knows `bridge.session` and its records; nothing of torch, sockets or devices.
"""
