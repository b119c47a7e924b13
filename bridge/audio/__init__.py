"""Sound in and out: a process of its own holds the devices, rings in shared memory carry the samples.

`ring_buffer.py` is the wire, `process.py` the child with PortAudio, `supervisor.py` keeps it alive, `voices.py` and
`player.py` make what is heard, `recorder.py` takes what is played in. Only the child ever imports sounddevice.
"""
