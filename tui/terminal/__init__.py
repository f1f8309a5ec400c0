"""The terminal: what it can do, its keys one after the other, colours, and how it is left after a crash."""
