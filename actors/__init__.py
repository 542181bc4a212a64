"""Who gathers: rollouts of many environments in lockstep, exploration, fragments, weights to follow."""
