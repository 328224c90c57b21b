import urllib3

from local import opensearch


def test_node_is_healthy_and_alone(node: opensearch.Node) -> None:
    assert node.url.startswith("http://127.0.0.1:")
    health = urllib3.request("GET", f"{node.url}/_cluster/health").json()
    assert health["number_of_nodes"] == 1
    assert health["status"] in ("green", "yellow")
    assert urllib3.request("GET", node.url).json()["version"]["number"].startswith("2.19.")
