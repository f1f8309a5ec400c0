"""Sizes of a terminal, in cells, at which screens change what they show.

One rule says what goes first: what helps, then what tells more, last the main thing of the screen.
"""

WIDTH, HEIGHT = 60, 16  # needed; below, a few lines say what runs and how to leave
NARROW, LOW = 80, 22  # below these, what helps goes first, then what tells more, last the thing itself
SHORT = 24  # below this, lists give rows to charts
WIDE, TALL = 160, 36  # from here on the room is used otherwise
