"""Why values live where they live: each allocation site with its verdict, cost, chain of reasons and hint, from source alone."""
