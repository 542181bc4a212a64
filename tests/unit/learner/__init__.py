"""Tests of the room learner/."""
