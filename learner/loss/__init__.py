"""Losses: how far what heads say is from what it should say."""
