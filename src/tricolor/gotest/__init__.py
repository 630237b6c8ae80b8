"""``go test``: compiles packages with their tests, runs the test binaries, and reports as the go command does.

``command_line`` reads the words of the command, ``listing`` asks the go command which packages they name. ``binaries`` compiles a test
binary, or finds it in the cache; ``go_command`` lets Go's own command vet a package and tell what is wrong with one that does not compile.
``process`` runs a binary. ``results`` keeps the output of tests that passed. ``job`` does all of this for one package, in a process of
its own, and ``schedule`` runs the jobs side by side and prints what they say in the order of the packages.
"""
