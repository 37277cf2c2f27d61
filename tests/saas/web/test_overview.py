"""A service says whether it is well, and what it counts."""


def test_a_service_says_that_it_is_well(place):
    assert place.get("/health")["status"] == "ok"
    assert place.client.get("/health?f=html").status_code == 200


def test_a_service_counts_what_it_answers(place):
    def count(resource, status):
        sample = f'stcloud_requests_total{{resource="{resource}",status="{status}"}} '
        lines = [line for line in place.client.get("/metrics").text.splitlines() if line.startswith(sample)]
        return float(lines[0].rpartition(" ")[2]) if lines else 0.0

    there, wrong = count("items", 200), count("items", 400)
    place.items(limit=1)
    place.problem("/collections/calls/items", 400, limit=0)
    assert (count("items", 200), count("items", 400)) == (there + 1, wrong + 1)
    response = place.client.get("/metrics")
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    assert response.text.endswith("# EOF\n")
    assert "stcloud_request_seconds_bucket" in response.text
