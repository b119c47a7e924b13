"""How the panel looks: colours, fonts, scale, icons, words in other languages, and the small widgets all rooms share.

Knows nothing of the session.
"""
