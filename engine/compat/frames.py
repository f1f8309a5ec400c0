"""Audit events of Python for looks at what is being executed, which its documentation lists."""

ONE, ALL = "sys._getframe", "sys._current_frames"
