"""How good the policy is: when that is measured, by whom, and what follows."""
