"""What Grafana shows of a run: dashboards written as tables, and the JSON that is made of them."""
