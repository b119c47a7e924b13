"""The command line; `longtake --help` lists the commands.

    main.py       runs a command; its errors and exit codes
    commands.py   the table of commands, and the words of those that make takes
    flags.py      one flag for every parameter in the table
    orders.py     what is to be made, all of it checked: one take, --count, --batch
    batch.py      lists of takes; requests.py: the `GenerationSpec` of each command
    making.py     from a spec to a file or a pipe
    results.py    makes what was ordered, and says what came of it
    together.py   takes that share a batch (--at-once)
    progress.py   a progress bar, or plain lines without a terminal
    signals.py    Ctrl-C and its relatives
    live.py       the live stream over a file
    presets.py, models.py, showing.py: lists of presets, of models, settings of takes

Knows nothing of the bridge or the panel, and imports torch only to generate.
"""
