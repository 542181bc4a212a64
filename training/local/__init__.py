"""What stands around the learner where everything runs in its process."""
