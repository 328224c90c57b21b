"""What the settings say of the domain's sizes is what Terraform gets."""

from tests.synth.conftest import SettingsOf, Synthesized, one

LARGE = {
    "instance_type": "r7g.large.search",
    "instance_count": 6,
    "volume_gib": 500,
    "iops": 6000,
    "throughput_mib": 500,
    "masters": "m7g.medium.search",
    "standby": True,
    "warm": {"type": "ultrawarm1.medium.search", "count": 3, "cold": True},
    "off_peak_utc": "01:30",
}


def test_a_large_domain(synthesized: Synthesized, settings_with: SettingsOf) -> None:
    stacks = synthesized(settings_with({"domain": LARGE}))
    domain = one(stacks, "pipeline", "aws_opensearch_domain")
    assert domain["ebs_options"] == {
        "ebs_enabled": True,
        "volume_type": "gp3",
        "volume_size": 500,
        "iops": 6000,
        "throughput": 500,
    }
    assert domain["cluster_config"] == {
        "instance_type": "r7g.large.search",
        "instance_count": 6,
        "dedicated_master_enabled": True,
        "dedicated_master_type": "m7g.medium.search",
        "dedicated_master_count": 3,
        "multi_az_with_standby_enabled": True,
        "warm_enabled": True,
        "warm_type": "ultrawarm1.medium.search",
        "warm_count": 3,
        "cold_storage_options": {"enabled": True},
        "zone_awareness_enabled": True,
        "zone_awareness_config": {"availability_zone_count": 3},
    }
    assert domain["auto_tune_options"] == {
        "desired_state": "ENABLED",
        "rollback_on_disable": "NO_ROLLBACK",
        "use_off_peak_window": True,
    }
    assert domain["off_peak_window_options"] == {
        "enabled": True,
        "off_peak_window": {"window_start_time": {"hours": 1, "minutes": 30}},
    }


def test_a_small_domain_is_not_told_what_its_type_does_not_have(
    synthesized: Synthesized, settings_with: SettingsOf
) -> None:
    domain = one(synthesized(settings_with({})), "pipeline", "aws_opensearch_domain")
    assert "auto_tune_options" not in domain
    assert domain["cluster_config"]["warm_enabled"] is False
    assert domain["cluster_config"]["multi_az_with_standby_enabled"] is False
    assert domain["ebs_options"].keys() == {"ebs_enabled", "volume_type", "volume_size"}


def test_every_zone_has_a_copy_with_standby(settings_with: SettingsOf) -> None:
    (pipeline,) = settings_with({"domain": LARGE}).pipelines
    assert pipeline.template["settings"]["number_of_replicas"] == 2
