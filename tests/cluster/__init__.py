"""Tests of a whole cluster in real containers: `make test-cluster`."""
