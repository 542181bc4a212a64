"""What may know what, and the rules of the house."""
