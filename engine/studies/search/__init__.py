"""A search: trials of settings nested in time, and how likely their best is luck."""
