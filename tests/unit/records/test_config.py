"""The settings as a value with defaults."""

from __future__ import annotations

from typing import Any

import pytest

from qanat.domain.config import BATCH, EACH, MANUAL, SETTINGS, Config, Grace, template_sections
from qanat.domain.shortening import quoted
from qanat.errors import InputInvalid
from qanat.records import schemas
from qanat.records.definitions import HOW_TO_PLACE_RESULTS, config_from

SOURCE = ".qanat/config.yaml"


def test_settings_that_are_missing_have_their_defaults() -> None:
    assert (
        config_from({}, SOURCE) == config_from({"schema": "config/1", "records": {}, "grace": {}}, SOURCE) == Config()
    )


def test_every_setting_has_its_question() -> None:
    content = {
        "schema": "config/1",
        "result_dir": "out/runs",
        "default_editor": "code -w",
        "logging": "DEBUG",
        "records": {"commit": "manual"},
        "grace": {"file_s": 1, "submit_s": 0, "unknown_s": 2.5},
        "slurm": {"small": {"--time": "1:00"}},
    }
    assert schemas.problems(content, "config") == []
    assert config_from(content, SOURCE) == Config(
        result_dir="out/runs",
        editor="code -w",
        records=MANUAL,
        grace=Grace(1, 0, 2.5),
        templates={"slurm": {"small": {"--time": "1:00"}}},
    )


@pytest.mark.parametrize(("named", "meant"), [("auto", EACH), ("each", EACH), ("batch", BATCH), ("manual", MANUAL)])
def test_records_are_committed_as_the_settings_say_also_by_an_earlier_name(named: str, meant: str) -> None:
    content = {"schema": "config/1", "records": {"commit": named}}
    assert schemas.problems(content, "config") == []
    config = config_from(content, SOURCE)
    assert (config.records, config.records_wait, config.records_are_manual) == (meant, meant == BATCH, meant == MANUAL)


def test_some_grace_leaves_the_others_at_their_defaults() -> None:
    assert config_from({"grace": {"file_s": 1}}, SOURCE).grace == Grace(file_s=1)


@pytest.mark.parametrize("folder", ["..", "/tmp", ".", ".qanat/results", "a/../../b", "é" * 128, "a/" * 501])
def test_a_folder_for_results_outside_the_project_is_refused_with_file_and_key(folder: str) -> None:
    with pytest.raises(InputInvalid) as caught:
        config_from({"result_dir": folder}, SOURCE)
    assert caught.value.message == f"{SOURCE}: result_dir: {quoted(folder)} is not a folder inside the project"
    assert caught.value.hint == HOW_TO_PLACE_RESULTS


def test_the_schema_has_the_same_settings_and_defaults() -> None:
    properties: dict[str, Any] = schemas.schema("config")["properties"]
    sections = {key for key, value in properties.items() if value.get("$ref") == "#/$defs/templates"}
    assert properties.keys() - sections == SETTINGS
    grace = properties["grace"]["properties"]
    assert grace.keys() == set(Grace.__slots__)
    assert all(f"; {getattr(Grace(), key):g} by default." in grace[key]["description"] for key in grace)


def test_sections_of_templates_are_those_keys_that_are_no_setting() -> None:
    content = {"schema": "config/1", "grace": {"file_s": 1}, "slurm": {"a": {}}, "other": {"b": {}}, "broken": 5}
    assert template_sections(content) == {"slurm": {"a": {}}, "other": {"b": {}}}
