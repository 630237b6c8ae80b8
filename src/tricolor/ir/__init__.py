"""The intermediate representation: a typed tree of a whole Go program.

``nodes`` defines functions, statements and expressions, ``text`` prints them, ``verify`` checks them, ``walk`` visits them. ``build`` makes
the tree from the typed program that the front end reads.
"""
