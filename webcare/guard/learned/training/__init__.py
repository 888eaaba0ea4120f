"""The guard's workshop: fits the learned heads and writes them down. Needs the `train` extra."""
