"""The command line: `longtake render | transform | continue | inpaint | vary | models | info | train | evaluate`.

    flags.py      one flag for every parameter of the table; nothing spells an option twice
    requests.py   what each command asks for, as a `GenerationSpec`
    making.py     a spec becomes a file
    progress.py   the bar, and plain lines where no terminal is
    showing.py    what models there are, what a take was made with
    main.py       the commands and their errors

Knows nothing of the bridge or the panel, and imports torch only when music is made.
"""
