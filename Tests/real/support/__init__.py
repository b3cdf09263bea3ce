"""What the proofs on real schemas share."""
