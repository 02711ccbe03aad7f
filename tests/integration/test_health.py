"""GET /healthz, /readyz, /metrics."""

import requests


def test_the_process_answers(anna):
    assert requests.get(anna.app_url + "/healthz", timeout=5).status_code == 200


def test_ready_means_that_the_store_answers(anna):
    assert requests.get(anna.app_url + "/readyz", timeout=5).status_code == 200


def test_metrics_count_installs(anna):
    anna.install()

    text = requests.get(anna.app_url + "/metrics", timeout=5).text

    assert 'b24app_installs_total{outcome="ok"}' in text


def test_an_address_that_leads_nowhere_is_a_404(anna):
    assert requests.get(anna.app_url + "/nowhere", timeout=5).status_code == 404
    assert requests.put(anna.app_url + "/", timeout=5).status_code == 405
