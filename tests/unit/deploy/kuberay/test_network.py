"""Who may speak with whom, and whom Prometheus and the service find."""

import pytest
import yaml

from tests.unit.deploy.kuberay.manifests import FOLDER, of_kind, pods

POLICIES = {policy["metadata"]["name"]: policy["spec"] for policy in of_kind("NetworkPolicy")}
DNS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def _groups(selector):
    labels = selector.get("matchLabels", {})
    return {each.group for each in pods() if labels.items() <= each.labels.items()}


ALL = _groups({})


def test_everything_is_denied_first():
    """One policy for all pods of the namespace that lets nothing through, either way."""
    assert POLICIES["deny-all"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def test_pods_of_the_cluster_reach_one_another_and_names():
    """Every pod from every pod, and to the name service; nothing else goes out."""
    policy = POLICIES["within-cluster"]
    assert _groups(policy["podSelector"]) == ALL
    (inward,) = policy["ingress"]
    (source,) = inward["from"]
    assert _groups(source["podSelector"]) == ALL
    among, names = policy["egress"]
    (target,) = among["to"]
    assert _groups(target["podSelector"]) == ALL
    assert "ports" not in inward
    assert "ports" not in among
    assert names["ports"] == DNS
    (name_service,) = names["to"]
    assert name_service["podSelector"] == {"matchLabels": {"k8s-app": "kube-dns"}}
    assert name_service["namespaceSelector"] == {
        "matchLabels": {"kubernetes.io/metadata.name": "kube-system"}
    }


def test_prometheus_reaches_metrics_only():
    """From its own namespace, on the two ports with metrics, which have these names on pods."""
    policy = POLICIES["prometheus-scrapes"]
    assert _groups(policy["podSelector"]) == ALL
    assert policy["policyTypes"] == ["Ingress"]
    (rule,) = policy["ingress"]
    (source,) = rule["from"]
    assert set(source) == {"namespaceSelector", "podSelector"}
    assert {port["port"] for port in rule["ports"]} == {"metrics", "trunkline"}
    assert {name for each in pods() for name in each.ports()} >= {"metrics", "trunkline"}


def test_no_other_policy_opens_anything():
    """What is let through stands in three policies."""
    assert set(POLICIES) == {"deny-all", "within-cluster", "prometheus-scrapes"}


@pytest.mark.parametrize(
    ("name", "port", "groups"), [("trunkline", "trunkline", {"learner"}), ("ray", "metrics", ALL)]
)
def test_prometheus_finds_its_targets(name, port, groups):
    """The learner's page once, Ray's on every pod, under the names that rules and panels know."""
    (spec,) = [monitor["spec"] for monitor in of_kind("PodMonitor") if monitor["metadata"]["name"] == name]
    assert _groups(spec["selector"]) == groups
    (endpoint,) = spec["podMetricsEndpoints"]
    assert endpoint["port"] == port
    assert all(port in each.ports() for each in pods() if each.group in groups)
    assert {"targetLabel": "job", "replacement": name} in endpoint["relabelings"]


def test_the_learner_answers_by_its_name():
    """`learner:9464`, as on every cluster, is the learner's pod."""
    (service,) = of_kind("Service")
    assert service["metadata"]["name"] == "learner"
    assert _groups({"matchLabels": service["spec"]["selector"]}) == {"learner"}
    (port,) = service["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (9464, "trunkline")


def test_what_is_kept_of_ray_is_what_prometheus_keeps_elsewhere():
    """The same metrics and labels of Ray's as `deploy/prometheus/prometheus.yml` keeps, as often."""
    scraping = yaml.safe_load((FOLDER.parent / "prometheus" / "prometheus.yml").read_text())
    (job,) = [job for job in scraping["scrape_configs"] if job["job_name"] == "ray"]
    (spec,) = [monitor["spec"] for monitor in of_kind("PodMonitor") if monitor["metadata"]["name"] == "ray"]
    (endpoint,) = spec["podMetricsEndpoints"]
    kept = [
        {"source_labels" if name == "sourceLabels" else name: value for name, value in rule.items()}
        for rule in endpoint["metricRelabelings"]
    ]
    assert kept == job["metric_relabel_configs"]
    assert endpoint["interval"] == scraping["global"]["scrape_interval"]
