"""Builders and environments that tests share."""
