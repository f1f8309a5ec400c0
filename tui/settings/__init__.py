"""Settings while they are typed: a new run, the rules of a what-if, those of the demo."""
