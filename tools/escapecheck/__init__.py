"""Compare Tricolor's escape messages with the output of ``go build -gcflags='-m -l'``."""
