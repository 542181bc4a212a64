"""Tests of the room deploy/."""
