"""How a cluster is brought up and watched: launch, HTTP server, metrics, doctor, containers, dashboards."""
