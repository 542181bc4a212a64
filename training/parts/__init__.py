"""From a configuration to objects: what a run is made of."""
