import urllib3

from local import opensearch, security


def test_node_is_healthy_and_alone(node: opensearch.Node) -> None:
    assert node.url.startswith("http://127.0.0.1:")
    health = urllib3.request("GET", f"{node.url}/_cluster/health", headers=security.identity()).json()
    assert health["number_of_nodes"] == 1
    assert health["status"] in ("green", "yellow")
    about = urllib3.request("GET", node.url, headers=security.identity()).json()
    assert about["version"]["number"].startswith("2.19.")


def test_node_answers_nobody_without_an_identity(node: opensearch.Node) -> None:
    assert urllib3.request("GET", node.url).status == 401
    # A password has no meaning: there are no internal users.
    basic = urllib3.make_headers(basic_auth="admin:admin")
    assert urllib3.request("GET", node.url, headers=basic).status == 401


def test_node_refuses_an_identity_that_nobody_mapped(node: opensearch.Node) -> None:
    answer = urllib3.request("GET", node.url, headers=security.identity("arn:aws:iam::123456789012:role/nobody"))
    assert answer.status == 403
    assert "no permissions for [cluster:monitor/main]" in answer.json()["error"]["reason"]


def test_the_administrator_is_out_of_reach_for_the_plugins_api(node: opensearch.Node) -> None:
    url = f"{node.url}/_plugins/_security/api/rolesmapping"
    answer = urllib3.request("DELETE", f"{url}/local_administrator", headers=security.identity())
    assert answer.status == 404
    assert "local_administrator" not in urllib3.request("GET", url, headers=security.identity()).json()
