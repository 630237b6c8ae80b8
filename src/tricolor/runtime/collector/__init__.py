"""The collector: roots, mark, sweep, specials (finalizers, cleanups, weak pointers), pacer, trace, configuration.

Read in this order: cycle, roots, mark, sweep, pacer, specials.
"""
