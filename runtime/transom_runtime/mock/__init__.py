"""A mock upstream: any service, served with plausible data from its descriptors."""
