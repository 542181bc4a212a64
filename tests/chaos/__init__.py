"""Random faults on a whole cluster in real containers: `make test-chaos MINUTES=8`."""
