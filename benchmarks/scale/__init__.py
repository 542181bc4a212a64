"""The scale model: costs measured on this machine, queues in between, and what one learner can feed on."""
