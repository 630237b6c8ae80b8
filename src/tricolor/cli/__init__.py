"""The command ``tricolor``: one module per subcommand."""
