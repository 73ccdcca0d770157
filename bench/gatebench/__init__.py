"""The benchmark: what a call costs, beside nginx and a bare Python proxy passing the same bytes in the same run."""
