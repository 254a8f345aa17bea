"""Policies: who may call, how often, and with what texts. Each decides; none knows of another."""
