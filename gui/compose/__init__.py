"""What is asked for: the prompt, its length, a recording to start from, and the parameters.

`composer.py` is the column that holds them all; `request.py` makes of them what the session is asked.
"""
