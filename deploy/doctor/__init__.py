"""Checks for what may make a run fail on a machine or cluster. Each ends in findings that say what to do."""
