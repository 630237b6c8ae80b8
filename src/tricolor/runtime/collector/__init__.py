"""The collector: stops the world, marks what the program can reach, and sweeps the rest.

Read in this order: cycle, roots, mark, sweep, specials (finalizers, cleanups, weak handles); pacer, workers, limiter (formulas alone),
pacing (which feeds them). ``checkmark`` tests the marks; ``environment`` and ``configure`` set it up; ``gctrace`` and ``pacer_trace``
print, ``cycles`` counts.
"""
