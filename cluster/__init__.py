"""Who is where: the nodes of a cluster, and which process of a run works on which."""
