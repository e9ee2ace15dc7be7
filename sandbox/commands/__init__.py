"""The commands of `dev.py`, one module each, run inside the virtual environment."""
