"""The panel: what a musician sees. One file a panel; `main_window.py` composes them.

    __main__.py       builds session and window           qt_session.py   events of the bridge, on Qt's thread
    theme.py          colours, fonts, scale                controls.py     the small widgets all panels share
    language.py       the words in other languages
    prompt.py  length.py  source.py  parameters.py         what is asked for
    queue.py  waveform.py  takes.py                        what is being made, what there is
    transport.py  devices.py  osc_monitor.py  models.py  presets.py        what it is connected to

Knows `bridge.session` and its records; nothing of torch, sockets or devices.
"""
