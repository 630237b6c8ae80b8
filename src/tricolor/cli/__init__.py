"""The command ``tricolor``: one module per subcommand. A module reads the command line, calls the layers below and prints; ``main``
chooses the subcommand and turns failures into messages and exit statuses, ``common`` and ``flags`` hold what several commands share.
"""
