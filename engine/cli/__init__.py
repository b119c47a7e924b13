"""The command line: `longtake render | transform | continue | inpaint | vary | models | info | train | evaluate`.

    flags.py      one flag for every parameter in the table
    requests.py   the `GenerationSpec` of each command
    making.py     from a spec to a file
    progress.py   a progress bar, or plain lines without a terminal
    showing.py    lists of models, settings of takes
    main.py       the commands and their errors

Knows nothing of the bridge or the panel, and imports torch only to generate.
"""
