"""How far each target of the design is, measured on this machine: `make bench` prints, `farm-bench` and people compare."""
