"""The listening test (§4.2): written as a page of our own and for webMUSHRA, served, and read back into a report.

`material` finds what is heard, `stimuli` makes it equally loud and anonymous, `design` is the test, `writing` puts it
into a folder, `webmushra` says it in webMUSHRA's words, `page/` is what a listener sees, `serving` hands it out and
takes the answers, `answers` reads them, `opinions` judges, `reporting` tells.
"""
