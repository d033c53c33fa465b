from datetime import timedelta
from pathlib import Path

import pytest

from application.tenants.key_text import Environment
from entrypoints.wiring.errors import SettingInvalid
from entrypoints.wiring.settings import read_settings

SECRET = "s3cret-password"


def test_nothing_set_gives_a_test_deployment_outside_the_sandbox() -> None:
    settings = read_settings({})
    assert settings.environment is Environment.TEST
    assert not settings.sandbox
    assert settings.absence_margin == timedelta(seconds=60)
    assert settings.lp_config is None


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("AKSUM_ENVIRONMENT", "production"),
        ("AKSUM_SANDBOX", "maybe"),
        ("AKSUM_ABSENCE_MARGIN_SECONDS", "-1"),
        ("AKSUM_ABSENCE_MARGIN_SECONDS", "1e3"),
        ("AKSUM_ABSENCE_MARGIN_SECONDS", "9999999999999"),
        ("AKSUM_POOL_MAIN", "0"),
        ("AKSUM_POOL_RECORD", "٣"),
        ("AKSUM_LP_CONFIG", "/nowhere/at/all.json"),
        ("AKSUM_QUEUE_URL", "amqp://queue"),
    ],
)
def test_unreadable_setting_is_named(setting: str, value: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        read_settings({setting: value})
    assert refused.value.setting == setting
    assert setting in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "value"),
    [("AKSUM_SANDBOX", "true"), ("AKSUM_CRASH_POINT", "mirror.house_posted")],
)
def test_live_deployment_refuses_what_belongs_to_tests(setting: str, value: str) -> None:
    with pytest.raises(SettingInvalid, match=setting):
        read_settings({"AKSUM_ENVIRONMENT": "live", setting: value})


def test_lp_file_in_the_data_directory_is_found(tmp_path: Path) -> None:
    (tmp_path / "liquidity.json").write_text("[]")
    assert read_settings({"AKSUM_DATA_DIR": str(tmp_path)}).lp_config == (
        tmp_path / "liquidity.json"
    )


def test_settings_print_without_secrets() -> None:
    url = f"postgresql://aksum_api:{SECRET}@db/aksum"
    settings = read_settings(
        {"AKSUM_API_DATABASE_URL": url, "AKSUM_QUEUE_URL": f"redis://:{SECRET}@queue"}
    )
    assert settings.database_urls == {"AKSUM_API_DATABASE_URL": url}
    assert SECRET not in repr(settings) + str(settings)
