"""How finished takes reach a DAW, and how a DAW's audio reaches us.

    deliveries.py   every delivery: owed, sent, placed; one thread carries them out     owed.py  on disk
    outgoing.py     a take as a delivery
    targets.py      the table of targets                                    placements.py  from words to a `Placement`
    companion.py    a target that runs a script of ours inside the DAW
    messages.py     what is said to and by such a script, over one of two carriers:
    spool.py        files in a folder (Reaper, Ardour)                      desk.py  a socket on this machine (Live)
    folder.py, bitwig.py, dawproject.py                                     the other targets
    osc_answers.py  what Bitwig says, by its address
    sources.py      what a DAW handed over as one recording
    installing.py   our scripts (`bridge/companions`), put inside DAWs      installable.py  the table of them
    daw_folders.py  where DAWs keep theirs                                  marks.py    which copies are ours
    reapack.py      the index by which Reaper's package manager installs ours

Knows nothing of OSC clients, panels or engines. What a DAW asks for is carried out by `bridge/asks.py`.
"""
