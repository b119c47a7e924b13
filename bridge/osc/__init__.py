"""OSC: the commands a DAW, a controller or a web page sends, and what they hear back (docs/osc.md).

    schema.py, aliases.py     every command and event, as tables; docs.py writes them out
    packet.py, framing.py     bytes to messages and back; pattern.py, arguments.py, values.py: addresses and arguments
    access.py, clients.py     who may send, and who listens
    sockets.py, query.py      UDP, TCP and OSCQuery
    dispatch.py, actions.py   a message becomes a call of the session; announcer.py: its events become messages
    server.py                 all of it joined

Knows the session and its records; nothing of the engine, of files or of devices.
"""
