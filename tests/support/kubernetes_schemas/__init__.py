"""Schemas of Kubernetes kinds, and what they say of a manifest."""
