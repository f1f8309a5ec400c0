"""What holds for every test: generated cases are the same in each run, so that a red run can be had again.

`pytest --hypothesis-profile exploring` draws new ones.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, database=None)
settings.register_profile("exploring", deadline=None, max_examples=1000)
settings.load_profile("repeatable")
