"""The cluster on Kubernetes: manifests for KubeRay's operator."""
