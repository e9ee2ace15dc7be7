"""What `dev.py bench` measures: a module per row or two of spec/targets.md."""
