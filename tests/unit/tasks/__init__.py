"""Tests of the room tasks/."""
