"""Everything that learns to classify: the contract, its registry, networks and how they train."""
