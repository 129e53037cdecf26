"""How fast everything is, side by side in one run: `make bench`."""
